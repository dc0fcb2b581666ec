//! What the environment says of the hub, and the only place where it is asked.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{ENDPOINT, Hub};
use crate::error::{Error, HubTrouble, Result};

impl Hub {
    /// As the environment says, in Hugging Face's words: `HF_ENDPOINT`; `HF_HUB_CACHE`, or `hub` in `HF_HOME`, or that in
    /// `XDG_CACHE_HOME` or `~/.cache`; `HF_TOKEN`, or the file at `HF_TOKEN_PATH`, or `token` in `HF_HOME`; `HF_HUB_OFFLINE`.
    /// A variable that is empty is not set.
    ///
    /// # Errors
    /// [`Error::Hub`] if there is neither a variable nor a home folder to keep files in; [`Error::Io`] for a token file that
    /// cannot be read.
    pub fn from_env() -> Result<Self> {
        Self::from_variables(|name| std::env::var_os(name), std::env::home_dir())
    }

    fn from_variables(get: impl Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> Result<Self> {
        let get = |name: &str| get(name).filter(|value| !value.is_empty());
        let path = |name: &str| get(name).map(|value| expanded(PathBuf::from(value), home.as_deref()));
        let text = |name: &str| get(name).and_then(|value| value.into_string().ok());
        let caches = path("XDG_CACHE_HOME").or_else(|| home.as_ref().map(|home| home.join(".cache")));
        let hf_home = path("HF_HOME").or_else(|| caches.map(|caches| caches.join("huggingface")));
        let cache =
            path("HF_HUB_CACHE").or_else(|| hf_home.as_ref().map(|home| home.join("hub"))).ok_or_else(|| {
                let reason = "it is not set, and there is no home folder to keep downloads in".into();
                Error::Hub { asked: "HF_HOME".into(), trouble: HubTrouble::Setting { reason } }
            })?;
        let token = match (text("HF_TOKEN"), path("HF_TOKEN_PATH").or_else(|| hf_home.map(|home| home.join("token")))) {
            (Some(token), _) => Some(token),
            (None, Some(file)) => token_in(&file)?,
            (None, None) => None,
        };
        let token = token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        let yes = |value: String| ["1", "ON", "YES", "TRUE"].contains(&value.to_uppercase().as_str());
        let endpoint = text("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned());
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        Ok(Self { endpoint, token, offline: text("HF_HUB_OFFLINE").is_some_and(yes), ..Self::new(cache) })
    }
}

/// `~` at the beginning is the home folder, where no shell put it in.
fn expanded(path: PathBuf, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path,
    }
}

/// The token that `hf auth login` wrote, if it did.
fn token_in(file: &Path) -> Result<Option<String>> {
    /// No token is as long.
    const LONGEST: u64 = 4096;
    match std::fs::metadata(file) {
        Ok(there) if there.len() <= LONGEST => std::fs::read_to_string(file).map(Some).map_err(Error::io(file)),
        Ok(_) => {
            Err(Error::Parse { path: file.to_owned(), reason: format!("expected a token of at most {LONGEST} bytes") })
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(file)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub(variables: &[(&str, &str)]) -> Hub {
        let get =
            |asked: &str| variables.iter().find(|(name, _)| *name == asked).map(|(_, value)| OsString::from(value));
        Hub::from_variables(get, Some("/home/me".into())).unwrap()
    }

    #[test]
    fn the_cache_is_where_hugging_face_keeps_it() {
        let cache = |variables: &[(&str, &str)]| hub(variables).cache.to_str().unwrap().to_owned();
        assert_eq!(cache(&[]), "/home/me/.cache/huggingface/hub");
        assert_eq!(cache(&[("XDG_CACHE_HOME", "/x")]), "/x/huggingface/hub");
        assert_eq!(cache(&[("HF_HOME", "/hf"), ("XDG_CACHE_HOME", "/x")]), "/hf/hub");
        assert_eq!(cache(&[("HF_HOME", "~/hf")]), "/home/me/hf/hub");
        assert_eq!(cache(&[("HF_HOME", "/hf"), ("HF_HUB_CACHE", "/c")]), "/c");
        assert_eq!(cache(&[("HF_HOME", ""), ("HF_HUB_CACHE", "")]), "/home/me/.cache/huggingface/hub");
        assert!(Hub::from_variables(|_| None, None).is_err());
    }

    #[test]
    fn endpoint_and_offline_are_read() {
        assert_eq!(hub(&[]).endpoint, ENDPOINT);
        assert_eq!(hub(&[("HF_ENDPOINT", "http://127.0.0.1:9/")]).endpoint, "http://127.0.0.1:9");
        for yes in ["1", "on", "Yes", "TRUE"] {
            assert!(hub(&[("HF_HUB_OFFLINE", yes)]).offline, "{yes}");
        }
        for no in ["", "0", "no", "2"] {
            assert!(!hub(&[("HF_HUB_OFFLINE", no)]).offline, "{no}");
        }
    }

    #[test]
    fn the_token_is_the_variable_s_or_the_file_s_and_is_not_shown() {
        let home = tempfile::tempdir().unwrap();
        let text = home.path().to_str().unwrap();
        assert_eq!(hub(&[("HF_HOME", text)]).token, None);
        std::fs::write(home.path().join("token"), "hf_file\n").unwrap();
        assert_eq!(hub(&[("HF_HOME", text)]).token.as_deref(), Some("hf_file"));
        let hub = hub(&[("HF_HOME", text), ("HF_TOKEN", " hf_variable ")]);
        assert_eq!(hub.token.as_deref(), Some("hf_variable"));
        assert!(!format!("{hub:?}").contains("hf_variable"));
    }
}
