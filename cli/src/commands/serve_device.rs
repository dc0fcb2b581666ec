//! `zoo serve-device`: a device of this machine, lent to programs on others.

use std::net::SocketAddr;
use std::path::PathBuf;

use zoo_registry::device;

use crate::failure::Failure;
use crate::shell::Shell;

const EXAMPLES: &str = "\
Examples:
  zoo serve-device                                 lend `flex` on 127.0.0.1:7878, for a new token, which is printed
  zoo serve-device --device cuda:0 --json          name, address and token for a script
  ssh -L 7878:127.0.0.1:7878 HOST                  a device of another machine, reached through a tunnel
  ZOO_DEVICE_TOKEN=… zoo new bert-tiny --device remote:127.0.0.1:7878

Whoever has the token computes on this machine, with its memory and its time. Nothing is encrypted: to cross a network, use a tunnel.";

/// Arguments of `zoo serve-device`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The device to lend; `zoo devices` lists them
    #[arg(long, value_name = "DEVICE", default_value = device::DEFAULT)]
    device: String,

    /// Where to listen; another address than loopback needs `--network`
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7878")]
    addr: SocketAddr,

    /// A file with the token that others need [default: what is in ZOO_DEVICE_TOKEN, or a new one, which is printed]
    #[arg(long, value_name = "FILE", conflicts_with = "open")]
    token_file: Option<PathBuf>,

    /// Listen to other machines, though everybody on the way can read along
    #[arg(long)]
    network: bool,

    /// Ask for no token
    #[arg(long)]
    open: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, shell: &mut Shell) -> Result<(), Failure> {
    if !args.addr.ip().is_loopback() && !args.network {
        return Err(Failure::usage(format!("{} is not a loopback address", args.addr))
            .hint("reach it through a tunnel (`zoo serve-device --help` shows one), or add `--network`"));
    }
    lend(args, shell)
}

#[cfg(not(feature = "remote"))]
fn lend(_: &Args, _: &mut Shell) -> Result<(), Failure> {
    Err(Failure::usage("this binary was built without the feature `remote`")
        .hint("`cargo build --release --features remote` builds it with it"))
}

#[cfg(feature = "remote")]
fn lend(args: &Args, shell: &mut Shell) -> Result<(), Failure> {
    use std::io::Write;
    use std::net::TcpListener;

    use serde_json::json;
    use zoo_registry::device::remote;

    use crate::shell::Paint;
    use crate::{interrupt, json, runtime};

    let (access, told) = access(args)?;
    let listener = TcpListener::bind(args.addr).map_err(|error| {
        Failure::run(format!("{}: {error}", args.addr))
            .hint("another port may be free: `--addr 127.0.0.1:0` takes any that is")
    })?;
    let address = listener.local_addr().map_err(|error| Failure::run(format!("{}: {error}", args.addr)))?;
    let name = format!("remote:{address}");
    runtime::threads()?.block_on(async {
        let serving = remote::lend(&args.device, listener, access)?;
        let stop = interrupt::stop_serving();
        if args.json {
            let token = told.as_deref();
            json::line(shell, &json!({ "device": args.device, "address": address, "name": name, "token": token }))?;
        } else {
            writeln!(shell, "{name}")?;
            if let Some(token) = &told {
                writeln!(shell, "{}={}", device::TOKEN, shell.paint(Paint::Strong, token))?;
            }
        }
        shell.flush()?;
        if args.open {
            shell.warn("everybody who reaches this address may compute on this machine");
        }
        shell.note(format!("`{}` is lent until Ctrl-C", args.device));
        tokio::select! {
            ended = serving => Ok(ended?),
            () = stop => Ok(()),
        }
    })
}

/// Who is let in, and the token if nobody knows it yet.
#[cfg(feature = "remote")]
fn access(args: &Args) -> Result<(zoo_registry::device::remote::Access, Option<String>), Failure> {
    use zoo_registry::device::remote::Access;

    if args.open {
        return Ok((Access::Anybody, None));
    }
    let refuse_empty = |token: String, of: &str| {
        if token.is_empty() { Err(Failure::usage(format!("{of}: expected a token, found nothing"))) } else { Ok(token) }
    };
    if let Some(path) = &args.token_file {
        let text =
            std::fs::read_to_string(path).map_err(|error| Failure::run(format!("{}: {error}", path.display())))?;
        let token = refuse_empty(text.trim().to_owned(), &path.display().to_string())?;
        return Ok((Access::Token(token), None));
    }
    match std::env::var(device::TOKEN) {
        Ok(token) => Ok((Access::Token(refuse_empty(token, device::TOKEN)?), None)),
        Err(_) => {
            let token = new_token()?;
            Ok((Access::Token(token.clone()), Some(token)))
        }
    }
}

/// 128 bits that nobody can guess.
#[cfg(feature = "remote")]
fn new_token() -> Result<String, Failure> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|error| Failure::run(format!("no random numbers for a token: {error}")))?;
    Ok(bits.iter().map(|byte| format!("{byte:02x}")).collect())
}
