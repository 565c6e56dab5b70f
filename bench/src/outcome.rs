//! Running loads in rounds, and what has been found so far.

use anyhow::{Context, Result, bail};

use crate::Plan;
use crate::load::{Load, Target};
use crate::report::{Comparison, Goal, Single};

/// What has been found so far.
pub(crate) struct Outcome<'a> {
    plan: &'a Plan,
    short: Vec<String>,
}

impl<'a> Outcome<'a> {
    /// Nothing yet.
    pub(crate) fn new(plan: &'a Plan) -> Self {
        Self { plan, short: Vec::new() }
    }

    /// How many connections a load has as a rule.
    pub(crate) fn connections(&self) -> usize {
        self.plan.connections
    }

    /// Whether this run measures it.
    pub(crate) fn is_wanted(&self, name: &str) -> bool {
        name.contains(&self.plan.only)
    }

    /// Runs both loads in turns and prints their line.
    ///
    /// # Errors
    /// When a server fails, or an answer is wrong.
    pub(crate) fn compare(
        &mut self,
        name: &str,
        needed: Option<f64>,
        measured: Target,
        reference: Target,
    ) -> Result<()> {
        if !self.is_wanted(name) {
            return Ok(());
        }
        let plan = self.plan;
        let mut measured = Load::new(measured, plan.connections);
        let mut reference = Load::new(reference, plan.connections);
        let mut run = |time| {
            let measured = measured.round(plan.threads, time).with_context(|| name.to_owned())?;
            let reference =
                reference.round(plan.threads, time).with_context(|| format!("{name}: reference"))?;
            anyhow::Ok((measured, reference))
        };
        run(plan.round / 4)?;
        let pairs = (0..plan.rounds).map(|_| run(plan.round)).collect::<Result<_>>()?;
        let comparison = Comparison { name: name.to_owned(), needed, pairs };
        println!("{}", comparison.line());
        self.note(name, comparison.passes());
        Ok(())
    }

    /// Runs one load on so many connections and prints its line.
    ///
    /// # Errors
    /// As [`Outcome::compare`].
    pub(crate) fn single(
        &mut self,
        name: &str,
        goal: Goal,
        (target, connections): (Target, usize),
        per_answer: u32,
    ) -> Result<()> {
        if !self.is_wanted(name) {
            return Ok(());
        }
        let plan = self.plan;
        let mut load = Load::new(target, connections);
        let mut run = |time| load.round(plan.threads, time).with_context(|| name.to_owned());
        run(plan.round / 4)?;
        let rounds = (0..plan.rounds).map(|_| run(plan.round)).collect::<Result<_>>()?;
        let single = Single { name: name.to_owned(), goal, per_answer: f64::from(per_answer), rounds };
        println!("{}", single.line());
        self.note(name, single.passes());
        Ok(())
    }

    /// Notes whether a figure is reached.
    pub(crate) fn note(&mut self, name: &str, passes: bool) {
        if !passes {
            self.short.push(name.to_owned());
        }
    }

    /// Says what fell short.
    ///
    /// # Errors
    /// When something did, in a run that is judged.
    pub(crate) fn finish(self) -> Result<()> {
        if self.short.is_empty() {
            println!("every figure is reached");
        } else if self.plan.judged {
            bail!("short: {}", self.short.join("; "));
        } else {
            println!("short, in a run that is not judged: {}", self.short.join("; "));
        }
        Ok(())
    }
}
