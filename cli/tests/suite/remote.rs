//! Devices of other machines. Two processes on loopback compute what one does, and nobody is let in who may not.

use crate::support::zoo;

#[test]
fn other_machines_are_not_listened_to_unless_asked() {
    zoo(&["serve-device", "--addr", "0.0.0.0:0"]).code(2).says(&["not a loopback address", "--network"]);
    zoo(&["serve-device", "--addr", "nowhere"]).code(2).says(&["--addr"]);
    zoo(&["serve-device", "--open", "--token-file", "x"]).code(2);
}

#[cfg(not(feature = "remote"))]
#[test]
fn without_the_feature_it_says_how_to_have_it() {
    zoo(&["serve-device"]).code(2).says(&["--features remote"]);
    zoo(&["new", "bert-tiny", "--device", "remote:127.0.0.1:1"]).code(2).says(&["without the feature `remote`"]);
    zoo(&["devices"]).code(0).prints(&["remote:HOST:PORT", "no: this binary was built without"]);
}

#[cfg(feature = "remote")]
mod lent {
    use std::io::{BufRead, BufReader};
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;

    use serde_json::Value;

    use crate::support::{Ran, Words, checkpoint, command, ran, text, told, zoo};

    /// A server that ends with the test.
    struct Server {
        process: Child,
        name: String,
        token: Option<String>,
    }

    impl Server {
        fn start(more: &[&str], token: Option<&str>) -> Self {
            let mut command = command(&[&["serve-device", "--addr", "127.0.0.1:0", "--json"], more].concat());
            command.envs(token.map(|token| ("ZOO_DEVICE_TOKEN", token)));
            let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
            let mut line = String::new();
            BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
            let told: Value = serde_json::from_str(&line).unwrap();
            let name = told["name"].as_str().unwrap().to_owned();
            Self { process, name, token: told["token"].as_str().map(str::to_owned) }
        }

        /// `zoo` on this device, with a token or without.
        fn command(&self, arguments: &[&str], token: Option<&str>) -> Command {
            let mut command = command(&[arguments, &["--device", &self.name]].concat());
            command.env_remove("ZOO_DEVICE_TOKEN").envs(token.map(|token| ("ZOO_DEVICE_TOKEN", token)));
            command
        }

        fn zoo(&self, arguments: &[&str]) -> Ran {
            ran(self.command(arguments, self.token.as_deref()))
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }

    #[test]
    fn two_processes_write_what_one_does() {
        let server = Server::start(&[], None);
        let folder = checkpoint("gpt2/golden/gpt2-lm", &Words::default());
        let arguments = ["generate", "--weights", text(folder.path()), "--max-new-tokens", "12", "w1 w2 w3"];
        let here = zoo(&arguments).code(0);
        assert_eq!(server.zoo(&arguments).code(0).out, here.out);
        // A token is of letters and digits, and another each time.
        let another = Server::start(&[], None);
        let token = another.token.as_ref().unwrap();
        assert!(
            token.len() == 32 && token.chars().all(|c| c.is_ascii_hexdigit()) && Some(token) != server.token.as_ref()
        );
    }

    #[test]
    fn checks_hold_on_a_device_of_another_process() {
        let server = Server::start(&["--device", "ndarray"], None);
        let told = server.zoo(&["check", "gpt", "--only", "{devices-agree,batch-invariance}"]).code(0);
        assert!(told.out.contains("2 passed, 0 failed"), "{told:?}");
    }

    #[test]
    fn strangers_are_refused() {
        let server = Server::start(&[], Some("sesame"));
        assert_eq!(server.token, None, "what was given is not told");
        let new = ["new", "bert-tiny"];
        ran(server.command(&new, Some("sesame"))).code(0);
        ran(server.command(&new, Some("simsim"))).code(2).says(&["refuses the token in ZOO_DEVICE_TOKEN"]);
        ran(server.command(&new, None)).code(2).says(&["wants its token", "ZOO_DEVICE_TOKEN is not set"]);
        let mut empty = command(&["serve-device", "--addr", "127.0.0.1:0"]);
        empty.env("ZOO_DEVICE_TOKEN", "");
        ran(empty).code(2).says(&["expected a token, found nothing"]);
        let open = Server::start(&["--open"], None);
        ran(open.command(&new, None)).code(0);
        zoo(&["serve-device", "--device", "remote:127.0.0.1:1", "--addr", "127.0.0.1:0"])
            .code(2)
            .says(&["of this machine"]);
        zoo(&["new", "bert-tiny", "--device", "remote:127.0.0.1:1"]).code(2).says(&["nobody listens at 127.0.0.1:1"]);
    }

    #[test]
    fn a_server_that_dies_midway_is_told() {
        let mut server = Server::start(&[], None);
        let mut training = server.command(&["train", "gpt2"], server.token.as_deref());
        let training = training.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_secs(4));
        server.process.kill().unwrap();
        let told = told(training.wait_with_output().unwrap());
        let address = server.name.strip_prefix("remote:").unwrap();
        let told = told.code(1).says(&[&format!("the device at {address} went away"), "hint:"]);
        assert!(!told.err.contains("panicked"), "{told:?}");
    }
}
