//! Devices of other machines, by burn's own protocol over a WebSocket: tensors and operations go there, answers come back.
//!
//! What is sent is not encrypted. A token keeps strangers out; whoever can read the line reads it too. Between machines a tunnel belongs
//! around it (`ssh -L`), for which a server that listens on loopback is enough.

use std::fmt;
use std::future::Future;
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::sync::OnceLock;
use std::time::Duration;

use burn::remote::{ConnectError, RemoteHost};
use burn::server::{AllowAll, RemoteServer, TokenAuthorizer, WebSocketTransport};
use burn::tensor::Device;

use super::TOKEN;
use crate::error::{Error, Result};

/// Who may use a device that is lent.
#[derive(Clone, PartialEq, Eq)]
pub enum Access {
    /// Whoever knows this token.
    Token(String),
    /// Everybody who can reach it.
    Anybody,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token(..)",
            Self::Anybody => "Anybody",
        })
    }
}

/// Lends a device of this machine to programs that connect to `listener`, until the future is dropped. Needs a Tokio runtime.
///
/// # Errors
/// [`Error::Device`] if `name` is none of this machine's devices, if the token is empty, or if serving ends by itself.
pub fn lend(
    name: &str,
    listener: TcpListener,
    access: Access,
) -> Result<impl Future<Output = Result<()>> + Send + use<>> {
    let refused = {
        let name = name.to_owned();
        move |reason: String| Error::Device { asked: name.clone(), reason }
    };
    if name.starts_with(KIND) {
        return Err(refused(
            "expected a device of this machine; one of another machine is lent by that machine".into(),
        ));
    }
    let server = RemoteServer::new([super::by_name(name)?]);
    let server = match access {
        Access::Token(token) => {
            server.with_authorizer(TokenAuthorizer::new(token).map_err(|error| refused(error.to_string()))?)
        }
        Access::Anybody => server.with_authorizer(AllowAll),
    };
    let serving = server.serve_async(WebSocketTransport::from_listener(listener));
    Ok(async move { serving.await.map_err(|error| refused(error.to_string())) })
}

/// The device that is lent at `HOST:PORT`, for whoever knows the token in the environment.
pub(super) fn connect(address: &str) -> Result<Device, String> {
    let found = address
        .to_socket_addrs()
        .map_err(|_| format!("expected `{KIND}:HOST:PORT`, found no such host in `{address}`"))?;
    // burn tries for a quarter of a minute; a server that is there answers at once.
    let reached = found.into_iter().any(|address| TcpStream::connect_timeout(&address, PATIENCE).is_ok());
    if !reached {
        return Err(format!("nobody listens at {address}; `zoo serve-device` there lends a device"));
    }
    let host =
        RemoteHost::websocket(&format!("ws://{address}")).with_credential(std::env::var(TOKEN).unwrap_or_default());
    let device = Device::remote_options(&host).init().map_err(|error| match error {
        ConnectError::Unauthorized if std::env::var_os(TOKEN).is_none() => {
            format!("the server at {address} wants its token, and {TOKEN} is not set")
        }
        ConnectError::Unauthorized => format!("the server at {address} refuses the token in {TOKEN}"),
        error => format!("the server at {address}: {error}"),
    })?;
    USED.get_or_init(|| address.to_owned());
    Ok(device)
}

/// Address of the server that this program computes on, if there is one. burn panics when it goes away; whoever catches that may say so.
pub fn in_use() -> Option<&'static str> {
    USED.get().map(String::as_str)
}

static USED: OnceLock<String> = OnceLock::new();

/// What names of such devices begin with.
const KIND: &str = "remote";

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_and_where_nobody_listens_are_told_apart() {
        let refusal = |name: &str| super::super::by_name(name).unwrap_err().to_string();
        assert!(refusal("remote").contains("HOST:PORT"));
        assert!(refusal("remote:").contains("HOST:PORT"));
        assert!(refusal("remote:localhost").contains("HOST:PORT"));
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(refusal(&format!("remote:{free}")).contains("nobody listens"));
    }

    #[test]
    fn only_devices_of_this_machine_are_lent_and_not_for_an_empty_token() {
        let lent =
            |name, access| lend(name, TcpListener::bind("127.0.0.1:0").unwrap(), access).err().unwrap().to_string();
        assert!(lent("remote:localhost:1", Access::Anybody).contains("of this machine"));
        assert!(lent("flexx", Access::Anybody).contains("did you mean `flex`"));
        assert!(lent("flex", Access::Token(String::new())).contains("non-empty"));
    }

    #[test]
    fn a_token_is_not_printed() {
        assert!(!format!("{:?}", Access::Token("secret".into())).contains("secret"));
    }
}
