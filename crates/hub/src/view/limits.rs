//! The limits of rendering: what a component or a view may cost, and what happens beyond.
//!
//! A template is written by people who may be wrong, and is fed with what a device sent. None of these bounds is
//! reached by a page that a person can read.

/// Longest template, manifest, sample or view definition, in bytes. A longer one is a problem and not loaded.
pub const TEMPLATE_BYTES_MAX: usize = 64 * 1024;

/// Largest script, style or picture that is served, in bytes. A larger one is a problem and not loaded.
pub const ASSET_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Most bytes one template may render to. Beyond, its place shows an error tile.
pub const OUTPUT_BYTES_MAX: usize = 256 * 1024;

/// Steps (about one per instruction, filter and 64 bytes of output) one template may take; tens of milliseconds.
/// Beyond, its place shows an error tile.
pub const TEMPLATE_FUEL: u64 = 1_000_000;

/// Most components on one page. Those beyond are left out; one error tile says how many.
pub const PAGE_COMPONENTS_MAX: usize = 300;

/// Most bytes of components on one page. What comes when they are reached is left out; one error tile says how many.
pub const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Most files of a user's folder. Those beyond, in the order of their names, are not seen; a problem says so.
pub const FOLDER_FILES_MAX: usize = 5000;

/// Most channels that the page of a device places by itself. Those beyond are left out; one error tile says how many.
pub const DERIVED_CHANNELS_MAX: usize = 128;

/// Most charts at the end of such a page: each loads history. The channels beyond have their value and no chart.
pub const DERIVED_CHARTS_MAX: usize = 16;

/// Most devices, panels or gateways that a template is given. The browser brings the rest of a list, live.
pub const LISTED_MAX: usize = 500;

/// Most commands of a device that a template is given; older ones are asked for by HTTP.
pub const COMMANDS_LISTED_MAX: usize = 20;

/// Most recorded gaps of a device that a template is given, the newest ones.
pub const GAPS_LISTED_MAX: usize = 20;

/// Longest name of a component, a view or a setting, in characters. A longer one is a problem.
pub const NAME_CHARS_MAX: usize = 64;

/// Columns of the grid that components span.
pub const SPAN_MAX: u8 = 12;

/// How often a user's folder is looked at for changes, in ms, at most. Until then the old files count.
pub const LOOK_AGAIN_MS: u64 = 1000;

// The page that a device makes by itself always fits: header, a component for each channel, charts, commands and books.
const _: () = assert!(3 + DERIVED_CHANNELS_MAX + DERIVED_CHARTS_MAX <= PAGE_COMPONENTS_MAX);
const _: () = assert!(OUTPUT_BYTES_MAX >= TEMPLATE_BYTES_MAX);
