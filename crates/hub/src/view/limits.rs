//! The limits of rendering: what a component or a view may cost, and what happens beyond.
//!
//! A template is written by people who may be wrong, and is fed with what a device sent. None of these bounds is
//! reached by a page that a person can read.

use std::time::Duration;

/// Longest template, manifest, sample or view definition, in bytes. A longer one is a problem and not loaded.
pub const TEMPLATE_BYTES_MAX: usize = 64 * 1024;

/// Largest script, style or picture that is served, in bytes. A larger one is a problem and not loaded.
pub const ASSET_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Most bytes one template may render to. Beyond, its place shows an error tile.
pub const OUTPUT_BYTES_MAX: usize = 256 * 1024;

/// Steps (about one per instruction, filter and 64 bytes of output) one template may take; some milliseconds.
/// Beyond, its place shows an error tile. It bounds how deep values can lie in each other, too: see [`TEMPLATE_STACK_BYTES`].
pub const TEMPLATE_FUEL: u64 = 250_000;

/// Stack of the thread that compiles and renders a user's template. A step lays a value one deeper at most, and freeing, comparing
/// or writing it costs up to 600 bytes of stack for each; this is near twice of what all steps together need. The system gives
/// memory for what is used of it alone.
pub const TEMPLATE_STACK_BYTES: usize = 256 * 1024 * 1024;

/// Stack that one step of a template may cost.
const STACK_BYTES_PER_STEP: usize = 1024;

/// Most components on one page. Those beyond are left out; one error tile says how many.
pub const PAGE_COMPONENTS_MAX: usize = 300;

/// Most bytes of components on one page. What comes when they are reached is left out; one error tile says how many.
pub const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How long a page may take to be rendered. What its time does not suffice for is left out, and an error tile says so; a template
/// that is being rendered then has an error tile in its place.
pub const PAGE_TIME_MAX: Duration = Duration::from_secs(5);

/// Longest text that a list or object becomes in a template, in bytes, and by [`VALUE_DEPTH_MAX`] how deep it may be: beyond, the
/// template has an error tile in its place.
pub const JSON_BYTES_MAX: usize = 1024 * 1024;

/// How deep lists and objects may lie in each other where they are written as text. What a device sends is never that deep.
pub const VALUE_DEPTH_MAX: usize = 64;

/// Most files of a user's folder. Those beyond, in the order of their names, are not seen; a problem says so.
pub const FOLDER_FILES_MAX: usize = 5000;

/// Views in a user's folder to which browsers may add one more; whoever owns the folder may have more of them. Each start renders all.
pub const MADE_VIEWS_MAX: usize = 500;

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

/// Most names in the address of a page that a view is told; those beyond, and texts longer than [`QUERY_CHARS_MAX`], are as if
/// they had not been said.
pub const QUERY_NAMES_MAX: usize = 32;

/// Longest text that is said in the address of a page, in characters.
pub const QUERY_CHARS_MAX: usize = 256;

/// Most variables of a view. Those beyond are not there; a problem says so.
pub const VARIABLES_MAX: usize = 32;

/// How deep files may include files; one deeper is a problem in its place.
pub const INCLUDE_DEPTH_MAX: usize = 4;

/// Most files that a view includes, each counted as often as it is included. One beyond is a problem in its place.
pub const INCLUDES_MAX: usize = 64;

/// Most devices that a section stands there once for. Those beyond are left out; one error tile says how many.
pub const SECTION_DEVICES_MAX: usize = 100;

/// Most devices to choose from that a page lists. Beyond, the id of another can be typed.
pub const CHOICES_MAX: usize = 500;

/// Most rows of the grid that a component spans.
pub const ROWS_MAX: u8 = 12;

/// Furthest place on a phone, from the beginning and from the end.
pub const ORDER_MAX: i8 = 12;

/// How often a user's folder is looked at for changes when pages are asked for, in ms, at most. Until then the old files
/// count. While somebody has a page open it is [looked at](crate::limits::LOOK_EVERY) by itself.
pub const LOOK_AGAIN_MS: u64 = 1000;

/// Looks in a row that each see files change, before they are loaded although they may be half written.
pub const SETTLING_LOOKS_MAX: usize = 5;

/// Bytes of files that are kept of earlier versions of components and views. One with which they would be more is not kept:
/// there is then no way back to it.
pub const EARLIER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Components and views that a page can be asked to show in an earlier version. Those beyond are shown as they are.
pub const EARLIER_NAMED_MAX: usize = 16;

// The page that a device makes by itself always fits: header, a component for each channel, charts, commands and books.
const _: () = assert!(3 + DERIVED_CHANNELS_MAX + DERIVED_CHARTS_MAX <= PAGE_COMPONENTS_MAX);
const _: () = assert!(OUTPUT_BYTES_MAX >= TEMPLATE_BYTES_MAX);
const _: () = assert!(TEMPLATE_FUEL as usize * STACK_BYTES_PER_STEP <= TEMPLATE_STACK_BYTES);
