//! The command line of `glassline chaos`.

use clap::Args;
use std::net::SocketAddr;
use std::time::Duration;

/// Stand between two ports and break what passes in the ways that networks do
///
/// Each connection to --listen is carried to --to. Faults are set by flags, and changed while it runs by orders, one a line,
/// on standard input or on the control port; each is answered with a line, `ok …` or `no: …`:
///
///   cut                end every connection, with a reset
///   cut BYTES          end each connection after so many more bytes, wherever in a line that is; `cut off`
///   stall [TIME]       nothing passes, both sides stay connected
///   half-open [TIME]   the --to side loses its connections, the --listen side is not told and hears nothing more; those
///                      that are made meanwhile lead nowhere
///   half-open to [TIME]  the same the other way: the --listen side is cut, the --to side is not told
///   refuse [TIME]      end what connects, at once
///   trickle BYTES      so many bytes a second in each direction; `trickle off`
///   delay MS [JITTER]  hold what passes back, in its order; `delay off`
///   corrupt BYTES      one byte in so many has a bit turned; `corrupt off`
///   heal               no faults; what was cut or is half open stays so
///   counts             print the counts
///   quit               end, as Ctrl-C does
///
/// A TIME is `5s`, `200ms` or `2m`; without one the fault lasts until `heal`. The counts are printed at the end.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    after_long_help = "\
Examples:
  glassline chaos --listen 127.0.0.1:7171 --to 127.0.0.1:7070 --delay 80 --jitter 40
  glassline chaos --listen 127.0.0.1:0 --to 127.0.0.1:8080 --cut-after 100000 --seed 7
  echo 'stall 5s' | nc -q1 127.0.0.1 7199      with --control 127.0.0.1:7199"
)]
pub(crate) struct Chaos {
    /// Where to be connected to; port 0 takes a free one, which the first line of output names
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: SocketAddr,

    /// Where what connects is carried to
    #[arg(long, value_name = "ADDR")]
    pub(crate) to: String,

    /// Where orders are taken, besides standard input; port 0 takes a free one, which the second line of output names
    #[arg(long, value_name = "ADDR")]
    pub(crate) control: Option<SocketAddr>,

    /// Begin of what is random: which bytes are corrupted, how long the jitter is
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,

    /// Begin with a stall
    #[arg(long)]
    pub(crate) stall: bool,

    /// Begin with connections that lead nowhere
    #[arg(long)]
    pub(crate) half_open: bool,

    /// Begin with refusing what connects
    #[arg(long)]
    pub(crate) refuse: bool,

    /// Bytes a second in each direction
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) trickle: Option<u32>,

    /// Milliseconds for which everything is held back, at most a minute
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=60_000))]
    pub(crate) delay: u64,

    /// Milliseconds by which the delay varies, up and down
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=60_000))]
    pub(crate) jitter: u64,

    /// One byte in so many has a bit turned
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) corrupt: Option<u32>,

    /// End each connection after so many bytes, both directions together
    #[arg(long, value_name = "BYTES")]
    pub(crate) cut_after: Option<u64>,

    /// End after so many seconds
    #[arg(long, value_name = "S")]
    pub(crate) seconds: Option<u64>,
}

impl Chaos {
    /// How long it goes on.
    pub(crate) fn duration(&self) -> Duration {
        self.seconds.map_or(Duration::MAX, Duration::from_secs)
    }
}
