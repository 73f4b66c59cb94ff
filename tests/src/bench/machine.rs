//! What the figures were taken on.

use std::process::Command;

use super::cores::Cores;

/// One machine at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// How many cores there are.
    pub cores: usize,
    /// The kernel.
    pub system: String,
    /// The compiler.
    pub compiler: String,
    /// The day, UTC.
    pub date: String,
    /// Who ran where.
    pub placement: String,
    /// Load average over the minute before: what else the machine had to do.
    pub busy: String,
}

impl Machine {
    /// This machine, now.
    pub fn look(cores: Cores) -> Self {
        let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
        let processors = read("/proc/cpuinfo");
        Self {
            processor: processor(&processors),
            cores: processors.lines().filter(|line| line.starts_with("processor")).count(),
            system: format!("Linux {}", read("/proc/sys/kernel/osrelease").trim()),
            compiler: compiler(),
            date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
            placement: cores.describe(),
            busy: read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned(),
        }
    }
}

fn processor(cpuinfo: &str) -> String {
    let name = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| "unknown processor".to_owned(), |(_, name)| name.trim().to_owned())
}

fn compiler() -> String {
    let told = Command::new("rustc").arg("--version").output().ok();
    let version = told.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    version.filter(|version| !version.is_empty()).unwrap_or_else(|| "rustc of unknown version".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_named() {
        assert_eq!(processor("processor\t: 0\nmodel\t\t: 1\nmodel name\t: AMD EPYC\n"), "AMD EPYC");
        assert_eq!(processor(""), "unknown processor");
        assert!(Machine::look(Cores::choose()).cores > 0);
    }
}
