//! Training: gradients by parameter, and one optimizer step.

use std::collections::BTreeMap;

use burn::module::Param;
use burn::optim::grad_clipping::GradientClippingConfig;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Tensor, TensorData};

use crate::batch::FromInput;
use crate::error::Result;
use crate::input::Input;
use crate::loss::{Labels, loss};
use crate::model::{Model, Running};
use crate::network::{EachParameter, Network, OnParameter};
use crate::output::Trace;

/// A model in training.
pub trait Train: Send {
    /// The loss and its gradient for every parameter, without changing the model.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) if the input or the labels do not fit.
    fn gradients(&self, input: &Input, labels: &Labels) -> Result<Gradients>;

    /// One step of AdamW (arXiv 1711.05101, algorithm 2), the gradient of each parameter cut to length 1. Its means forget by β₁ =
    /// 0.9 and β₂ = 0.999, ε is 1e-5, and weights decay by 1e-4 of themselves times the learning rate. Returns the loss before it.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) if the input or the labels do not fit.
    fn step(&mut self, input: &Input, labels: &Labels, learning_rate: f64) -> Result<f64>;

    /// A model that runs, as it is now.
    fn model(&self) -> Box<dyn Model>;
}

/// A loss and where it falls.
#[derive(Debug, Clone)]
pub struct Gradients {
    /// The mean loss.
    pub loss: f64,
    /// By our parameter path; parameters the loss does not depend on are absent.
    pub by_parameter: BTreeMap<String, TensorData>,
}

/// Longer gradients are scaled down to this, parameter by parameter.
const LONGEST_GRADIENT: f32 = 1.0;

pub(crate) struct Trainer<N> {
    running: Running<N>,
    optimizer: ModuleOptimizer,
}

impl<N: Network> Trainer<N> {
    pub(crate) fn new(mut running: Running<N>) -> Self {
        running.network = running.network.train();
        running.device = running.device.autodiff();
        let clipped = GradientClippingConfig::Norm(LONGEST_GRADIENT);
        Self { running, optimizer: AdamWConfig::new().with_grad_clipping(Some(clipped)).init() }
    }

    fn loss(&self, input: &Input, labels: &Labels) -> Result<Tensor<1>> {
        let Running { network, device, .. } = &self.running;
        let refuse = |reason| self.running.refuse(reason);
        let input = N::Input::from_input(input, &network.limits(), device).map_err(refuse)?;
        loss(&network.forward(input, &mut Trace::off()), labels).map_err(refuse)
    }
}

impl<N: Network> Train for Trainer<N> {
    fn gradients(&self, input: &Input, labels: &Labels) -> Result<Gradients> {
        let loss = self.loss(input, labels)?;
        let mut gradients = loss.backward();
        let gradients = GradientsParams::from_module(&mut gradients, &self.running.network);
        let read = Read { gradients, by_parameter: BTreeMap::new() };
        let by_parameter = EachParameter::of(&self.running.network, read).by_parameter;
        Ok(Gradients { loss: number(&loss), by_parameter })
    }

    fn step(&mut self, input: &Input, labels: &Labels, learning_rate: f64) -> Result<f64> {
        let loss = self.loss(input, labels)?;
        let gradients = GradientsParams::from_grads(loss.backward(), &self.running.network);
        self.running.network = self.optimizer.step(learning_rate, self.running.network.clone(), gradients);
        Ok(number(&loss))
    }

    fn model(&self) -> Box<dyn Model> {
        let Running { network, descriptor, config, names, device, is_shared } = &self.running;
        Box::new(Running {
            network: network.valid(),
            descriptor: descriptor.clone(),
            config: config.clone(),
            names: names.clone(),
            device: device.clone().without_autodiff(),
            is_shared: *is_shared,
        })
    }
}

struct Read {
    gradients: GradientsParams,
    by_parameter: BTreeMap<String, TensorData>,
}

impl OnParameter for Read {
    fn parameter<const D: usize>(&mut self, path: String, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            self.by_parameter.insert(path, gradient.into_data());
        }
    }
}

fn number(loss: &Tensor<1>) -> f64 {
    loss.to_data().iter::<f64>().next().unwrap_or(f64::NAN)
}
