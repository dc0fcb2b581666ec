//! The typed side of a model: what a family writes, and how burn modules become module trees.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Bool, Int, Tensor};

use crate::batch::{FromInput, Limits};
use crate::decode::CausalNetwork;
use crate::modules::{ModuleTree, Parameter};
use crate::output::{Output, Trace};
use crate::pattern::Patterns;

/// A burn module that is a whole model. Implement this and every [`Model`](crate::Model) method follows.
pub trait Network: Module + Sync + 'static {
    /// What it reads; anything else is refused before it runs.
    type Input: FromInput;

    /// What inputs are checked against.
    fn limits(&self) -> Limits;

    /// Whom each layer's tokens may look at: what its attention maps show, and checks measure.
    fn patterns(&self) -> Patterns;

    /// The forward pass. Offer hidden states and attention maps to `trace` on the way.
    fn forward(&self, input: Self::Input, trace: &mut Trace) -> Output;

    /// The network as a writer of text, if it is one with the head it has.
    fn causal(&self) -> Option<&dyn CausalNetwork> {
        None
    }
}

/// The module tree of a burn module. Reads shapes only: a parameter that was never drawn stays so.
pub fn modules<M: Module>(module: &M) -> ModuleTree {
    let mut walk = Walk { open: vec![ModuleTree::default()] };
    module.visit(&mut walk);
    walk.open.pop().unwrap_or_default()
}

/// Modules on the way from the root to where the visitor is.
struct Walk {
    open: Vec<ModuleTree>,
}

impl Walk {
    fn parameter(&mut self, shape: &[usize]) {
        if let Some(field) = self.open.last_mut() {
            field.parameters.push(Parameter { name: String::new(), shape: shape.to_vec() });
        }
    }
}

impl ModuleVisitor for Walk {
    fn enter_module(&mut self, name: &str, container: &str) {
        // burn tells the type of a module when it enters its first field.
        if let Some(parent) = self.open.last_mut() {
            parent.kind = container.rsplit(':').next().unwrap_or(container).to_owned();
        }
        self.open.push(ModuleTree { name: name.to_owned(), ..ModuleTree::default() });
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        let (Some(field), Some(parent)) = (self.open.pop(), self.open.last_mut()) else { return };
        match field.parameters.as_slice() {
            // A field that is a parameter, not a module.
            [Parameter { name, shape }] if name.is_empty() => {
                parent.parameters.push(Parameter { name: field.name, shape: shape.clone() });
            }
            _ if field.parameters.is_empty() && field.children.is_empty() => {}
            _ => parent.children.push(field),
        }
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.parameter(&param.lazy_shape());
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        self.parameter(&param.lazy_shape());
    }

    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        self.parameter(&param.lazy_shape());
    }
}

/// Calls a function with the path and value of every float parameter, in declaration order, drawing those that are lazy.
pub(crate) struct EachParameter<F> {
    path: Vec<String>,
    visit: F,
}

/// What [`EachParameter`] calls.
pub(crate) trait OnParameter {
    fn parameter<const D: usize>(&mut self, path: String, param: &Param<Tensor<D>>);
}

impl<F: OnParameter> EachParameter<F> {
    pub(crate) fn of<M: Module>(module: &M, visit: F) -> F {
        let mut each = Self { path: Vec::new(), visit };
        module.visit(&mut each);
        each.visit
    }
}

impl<F: OnParameter> ModuleVisitor for EachParameter<F> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.visit.parameter(self.path.join("."), param);
    }
}
