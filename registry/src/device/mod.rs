//! Devices by name, at run time: `flex`, `ndarray`, `cuda:0`, `remote:HOST:PORT`.

#[cfg(feature = "remote")]
pub mod remote;

use burn::tensor::Device;

use crate::error::{Error, Result, did_you_mean};
use crate::names::nearest;

/// A device this build knows, and whether this machine has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Availability {
    /// The name to ask for.
    pub name: String,
    /// What it is.
    pub about: &'static str,
    /// `Err` with the reason when it cannot be used here.
    pub usable: Result<(), String>,
}

/// The device people get when they name none: pure Rust on the CPU.
pub const DEFAULT: &str = "flex";

/// Every device this build knows.
pub fn available() -> Vec<Availability> {
    vec![
        Availability { name: "flex".into(), about: "CPU, pure Rust, the default", usable: Ok(()) },
        Availability {
            name: "ndarray".into(),
            about: "CPU, a second opinion for conformance",
            usable: ndarray().map(drop),
        },
        Availability { name: "cuda:0".into(), about: "NVIDIA GPU", usable: probe_cuda(0) },
        Availability {
            name: "remote:HOST:PORT".into(),
            about: "a device that `zoo serve-device` lends there",
            usable: probe_remote(),
        },
    ]
}

/// The variable with the token of the machine whose device is used, or that a device is lent for.
pub const TOKEN: &str = "ZOO_DEVICE_TOKEN";

/// The device called `name`.
///
/// # Errors
/// [`Error::Device`] when no such device exists, this binary was built without it, or this machine lacks it.
pub fn by_name(name: &str) -> Result<Device> {
    let refuse = |reason: String| Error::Device { asked: name.to_owned(), reason };
    let (kind, place) = match name.split_once(':') {
        Some((kind, place)) => (kind, Some(place)),
        None => (name, None),
    };
    match (kind, place) {
        ("flex", None) => Ok(Device::flex()),
        ("ndarray", None) => ndarray().map_err(refuse),
        ("cuda", place) => {
            let index = place.unwrap_or("0");
            let index = index.parse().map_err(|_| refuse(format!("expected a number after `:`, found `{index}`")))?;
            cuda(index).map_err(refuse)
        }
        ("remote", place) => remote(place.unwrap_or_default()).map_err(refuse),
        ("flex" | "ndarray", Some(_)) => Err(refuse(format!("there is one `{kind}`, with nothing after it"))),
        _ => Err(refuse(format!(
            "no such kind{}",
            did_you_mean(&nearest(kind, ["flex", "ndarray", "cuda", "remote"].into_iter()))
        ))),
    }
}

/// Bytes of memory that a model on this device may take; `None` where nobody knows.
pub fn memory(name: &str) -> Option<u64> {
    ["flex", "ndarray"].contains(&name).then(host_memory).flatten()
}

#[cfg(target_os = "linux")]
fn host_memory() -> Option<u64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("MemAvailable:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(not(target_os = "linux"))]
fn host_memory() -> Option<u64> {
    None
}

#[cfg(feature = "ndarray")]
fn ndarray() -> Result<Device, String> {
    #[expect(deprecated, reason = "kept as the second opinion that conformance compares with")]
    Ok(Device::ndarray())
}

#[cfg(not(feature = "ndarray"))]
fn ndarray() -> Result<Device, String> {
    Err("this binary was built without the feature `ndarray`".to_owned())
}

#[cfg(feature = "cuda")]
fn cuda(index: usize) -> Result<Device, String> {
    probe_cuda(index)?;
    Ok(Device::cuda(index))
}

#[cfg(not(feature = "cuda"))]
fn cuda(_index: usize) -> Result<Device, String> {
    Err(NO_CUDA.to_owned())
}

#[cfg(feature = "remote")]
fn remote(address: &str) -> Result<Device, String> {
    remote::connect(address)
}

#[cfg(not(feature = "remote"))]
fn remote(_address: &str) -> Result<Device, String> {
    Err(NO_REMOTE.to_owned())
}

#[cfg(feature = "remote")]
fn probe_remote() -> Result<(), String> {
    Ok(())
}

#[cfg(not(feature = "remote"))]
fn probe_remote() -> Result<(), String> {
    Err(NO_REMOTE.to_owned())
}

#[cfg(not(feature = "remote"))]
const NO_REMOTE: &str = "this binary was built without the feature `remote`";

/// Asks the driver, not burn: burn names a device that is not there and panics at its first tensor.
#[cfg(feature = "cuda")]
fn probe_cuda(index: usize) -> Result<(), String> {
    type Init = unsafe extern "C" fn(u32) -> i32;
    type Count = unsafe extern "C" fn(*mut i32) -> i32;
    let name = if cfg!(windows) { "nvcuda.dll" } else { "libcuda.so.1" };
    // SAFETY: the NVIDIA driver library has no load-time side effects; both functions have this C signature in every
    // version of the driver API, and `count` outlives the call that writes it.
    let count = unsafe {
        let driver = libloading::Library::new(name).map_err(|_| "no NVIDIA driver on this machine".to_owned())?;
        let init: libloading::Symbol<'_, Init> = driver.get(b"cuInit").map_err(|error| error.to_string())?;
        let status = init(0);
        if status != 0 {
            return Err(format!("the NVIDIA driver does not start (cuInit says {status})"));
        }
        let device_count: libloading::Symbol<'_, Count> =
            driver.get(b"cuDeviceGetCount").map_err(|error| error.to_string())?;
        let mut count = 0;
        device_count(&mut count);
        count
    };
    if index < usize::try_from(count).unwrap_or(0) {
        Ok(())
    } else {
        Err(format!("this machine has {count} CUDA devices"))
    }
}

#[cfg(not(feature = "cuda"))]
fn probe_cuda(_index: usize) -> Result<(), String> {
    Err(NO_CUDA.to_owned())
}

#[cfg(not(feature = "cuda"))]
const NO_CUDA: &str = "this binary was built without the feature `cuda`";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_devices_are_always_there() {
        assert!(by_name("flex").is_ok() && by_name("ndarray").is_ok());
        // Models look at which one they are on.
        assert_eq!(by_name("flex").unwrap(), Device::flex());
        assert_ne!(by_name("ndarray").unwrap(), Device::flex());
    }

    #[test]
    fn missing_devices_are_errors() {
        assert!(by_name("flexx").unwrap_err().to_string().contains("did you mean `flex`?"));
        assert!(by_name("flex:1").is_err() && by_name("cuda:x").is_err() && by_name("").is_err());
        #[cfg(not(feature = "cuda"))]
        assert!(by_name("cuda").unwrap_err().to_string().contains("without the feature `cuda`"));
        #[cfg(not(feature = "remote"))]
        assert!(by_name("remote:localhost:1").unwrap_err().to_string().contains("without the feature `remote`"));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn host_memory_is_known() {
        assert!(memory("flex").is_some_and(|bytes| bytes > 1 << 20));
    }
}
