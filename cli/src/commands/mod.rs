//! One module a sub-command: its arguments, its help, what it does.

pub(crate) mod bench;
pub(crate) mod catalog;
pub(crate) mod check;
pub(crate) mod classify;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod cost;
pub(crate) mod devices;
pub(crate) mod embed;
pub(crate) mod fill_mask;
pub(crate) mod generate;
pub(crate) mod lineage;
pub(crate) mod list;
pub(crate) mod new;
pub(crate) mod new_family;
pub(crate) mod publish;
pub(crate) mod pull;
pub(crate) mod record;
pub(crate) mod score;
pub(crate) mod self_test;
pub(crate) mod serve_device;
pub(crate) mod show;
pub(crate) mod site;
pub(crate) mod summarize;
pub(crate) mod train;
pub(crate) mod translate;
