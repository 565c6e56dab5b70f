//! The order in which operations run (RFC 7644 §3.7): that of the request, but for an operation that
//! refers to a later one, which waits for it, and for operations that refer to one another in a
//! circle (§3.7.1), which run together.

use std::collections::HashMap;

use super::reference::bulk_ids;
use super::{BulkMethod, BulkOperation, BulkRequest, BulkTarget};

/// The steps of a bulk request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkPlan {
    /// The operations of each step, by their place in the request, ascending. A step of more than
    /// one is a circle of POSTs, to be created all or none.
    pub steps: Vec<Vec<usize>>,
}

impl BulkPlan {
    /// Finds the order. Takes time and memory by the number of operations and references.
    pub fn new(request: &BulkRequest) -> Self {
        let needs = needs(request);
        let circles = strongly_connected(&needs);
        let mut circle_of = vec![0; needs.len()];
        for (number, circle) in circles.iter().enumerate() {
            for &operation in circle {
                if let Some(slot) = circle_of.get_mut(operation) {
                    *slot = number;
                }
            }
        }
        // A step's turn comes with its last operation, and not before that of any step it needs.
        // Circles come with those first that others need, so one pass is enough.
        let mut turns: Vec<usize> = Vec::with_capacity(circles.len());
        for circle in &circles {
            let own = circle.iter().copied().max().unwrap_or_default();
            let needed = circle
                .iter()
                .filter_map(|&operation| needs.get(operation))
                .flatten()
                .filter_map(|&needed| turns.get(*circle_of.get(needed)?))
                .copied()
                .max();
            turns.push(own.max(needed.unwrap_or_default()));
        }
        let mut steps: Vec<(usize, usize, Vec<usize>)> = circles
            .into_iter()
            .zip(turns)
            .enumerate()
            .map(|(number, (mut circle, turn))| {
                circle.sort_unstable();
                (turn, number, circle)
            })
            .collect();
        steps.sort_unstable();
        Self { steps: steps.into_iter().map(|(_, _, circle)| circle).collect() }
    }
}

impl BulkOperation {
    /// The names of the operations that have to run first.
    pub fn references(&self) -> Vec<&str> {
        let mut names = bulk_ids(&self.data);
        if let Some(BulkTarget::BulkId(name)) = &self.path.target {
            names.push(name);
        }
        names
    }
}

/// For each operation, which ones create what it refers to. References to unknown names are left out here.
fn needs(request: &BulkRequest) -> Vec<Vec<usize>> {
    let mut creators: HashMap<&str, usize> = HashMap::new();
    let operations = || request.operations.iter().enumerate();
    for (index, operation) in operations() {
        if let Ok(BulkOperation { method: BulkMethod::Post, bulk_id: Some(name), .. }) = operation {
            creators.insert(name, index);
        }
    }
    operations()
        .map(|(_, operation)| match operation {
            Ok(operation) => {
                operation.references().into_iter().filter_map(|name| creators.get(name).copied()).collect()
            }
            Err(_) => Vec::new(),
        })
        .collect()
}

/// Tarjan's algorithm without recursion: the strongly connected components of the graph, each after
/// every other that it points to.
fn strongly_connected(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    Tarjan {
        edges,
        found: vec![None; edges.len()],
        low: vec![0; edges.len()],
        on_stack: vec![false; edges.len()],
        stack: Vec::new(),
        counter: 0,
        components: Vec::new(),
    }
    .run()
}

struct Tarjan<'a> {
    edges: &'a [Vec<usize>],
    /// When each node was found.
    found: Vec<Option<usize>>,
    /// The earliest found node that each can reach, as far as known.
    low: Vec<usize>,
    on_stack: Vec<bool>,
    stack: Vec<usize>,
    counter: usize,
    components: Vec<Vec<usize>>,
}

impl Tarjan<'_> {
    fn run(mut self) -> Vec<Vec<usize>> {
        for root in 0..self.edges.len() {
            if self.found.get(root) == Some(&None) {
                self.visit(root);
            }
        }
        self.components
    }

    fn visit(&mut self, root: usize) {
        // Each entry is a node and how many of its edges were followed.
        let mut path: Vec<(usize, usize)> = vec![(root, 0)];
        self.enter(root);
        while let Some((node, followed)) = path.last_mut() {
            let (node, edge) = (*node, *followed);
            let next = self.edges.get(node).and_then(|edges| edges.get(edge)).copied();
            *followed = edge.saturating_add(1);
            match next {
                Some(next) if self.found.get(next) == Some(&None) => {
                    self.enter(next);
                    path.push((next, 0));
                }
                Some(next) => {
                    if self.on_stack.get(next) == Some(&true) {
                        self.lower(node, self.found.get(next).copied().flatten());
                    }
                }
                None => {
                    path.pop();
                    if let Some(&(parent, _)) = path.last() {
                        self.lower(parent, self.low.get(node).copied());
                    }
                    self.leave(node);
                }
            }
        }
    }

    fn enter(&mut self, node: usize) {
        if let (Some(found), Some(low), Some(on_stack)) =
            (self.found.get_mut(node), self.low.get_mut(node), self.on_stack.get_mut(node))
        {
            (*found, *low, *on_stack) = (Some(self.counter), self.counter, true);
        }
        self.counter = self.counter.saturating_add(1);
        self.stack.push(node);
    }

    fn lower(&mut self, node: usize, to: Option<usize>) {
        if let (Some(low), Some(to)) = (self.low.get_mut(node), to) {
            *low = (*low).min(to);
        }
    }

    /// Takes a component off the stack where `node` is the first that was found of it.
    fn leave(&mut self, node: usize) {
        if self.found.get(node).copied().flatten() != self.low.get(node).copied() {
            return;
        }
        let mut component = Vec::new();
        while let Some(member) = self.stack.pop() {
            if let Some(on_stack) = self.on_stack.get_mut(member) {
                *on_stack = false;
            }
            component.push(member);
            if member == node {
                break;
            }
        }
        self.components.push(component);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::tenant::TenantConfig;

    /// A request in which operation `n` has the bulkId `n` and refers to those listed.
    fn plan(references: &[&[usize]]) -> Vec<Vec<usize>> {
        let operations: Vec<Value> = references
            .iter()
            .enumerate()
            .map(|(index, names)| {
                let members: Vec<String> = names.iter().map(|name| format!("bulkId:{name}")).collect();
                json!({"method": "POST", "bulkId": index.to_string(), "path": "/Groups", "data": {"members": members}})
            })
            .collect();
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": operations,
        });
        let mut config = TenantConfig::default();
        config.bulk.max_operations = usize::MAX;
        BulkPlan::new(&BulkRequest::parse(&body, &config).expect("a bulk request")).steps
    }

    #[test]
    fn without_references_the_order_is_that_of_the_request() {
        assert_eq!(plan(&[&[], &[], &[]]), [[0], [1], [2]]);
        assert_eq!(plan(&[&[], &[0], &[0, 1]]), [[0], [1], [2]]);
        assert_eq!(plan(&[]), Vec::<Vec<usize>>::new());
    }

    #[test]
    fn who_refers_forward_waits() {
        assert_eq!(plan(&[&[2], &[], &[]]), vec![vec![1], vec![2], vec![0]]);
        assert_eq!(plan(&[&[1], &[2], &[]]), vec![vec![2], vec![1], vec![0]]);
        assert_eq!(plan(&[&[7], &[]]), vec![vec![0], vec![1]], "an unknown name holds nobody up");
    }

    #[test]
    fn a_circle_runs_together_when_its_last_operation_is_due() {
        assert_eq!(plan(&[&[1], &[0], &[0]]), vec![vec![0, 1], vec![2]]);
        assert_eq!(plan(&[&[2], &[], &[0], &[]]), vec![vec![1], vec![0, 2], vec![3]]);
        assert_eq!(plan(&[&[0]]), vec![vec![0]], "a reference to oneself is a circle of one");
        assert_eq!(plan(&[&[1], &[0, 2], &[3], &[2]]), vec![vec![2, 3], vec![0, 1]]);
    }

    #[test]
    fn a_long_chain_does_not_recurse() {
        let chain: Vec<Vec<usize>> = (1..=20_000).map(|next| vec![next]).collect();
        let chain: Vec<&[usize]> = chain.iter().map(Vec::as_slice).collect();
        let steps = plan(&chain);
        assert_eq!(steps.first(), Some(&vec![19_999]));
        assert_eq!(steps.last(), Some(&vec![0]));
    }
}
