//! The rules of the domain through its public interface.

#[cfg(test)]
mod custom_types;
#[cfg(test)]
mod echo;
#[cfg(test)]
mod rfc7643_examples;
#[cfg(test)]
mod validation_laws;
