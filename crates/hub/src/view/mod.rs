//! Pages: views made of components, rendered to HTML.
//!
//! A [`Library`] holds all components and views, built-in ones overlaid by a user's folder. Given a [`Scene`] (where the
//! state of the hub comes from) it renders whole [`Page`]s, and it serves the [`Asset`]s that they refer to.
//! [`Library::check`] tells what is wrong with a user's folder; a [`Shelf`] loads it again when its files change.
//!
//! It renders, and that is all: it knows no sockets, no store and no clock.

mod alarm;
mod arranged;
mod assets;
mod audit;
mod braces;
mod check;
mod chooser;
mod component;
mod context;
mod data;
mod deadline;
mod definition;
mod depth;
mod derive;
mod earlier;
mod eject;
pub(crate) mod escape;
mod files;
mod filters;
mod first_minute;
mod gallery;
mod good;
mod html;
mod inline;
mod join;
mod library;
pub mod limits;
mod login;
mod look;
mod manifest;
mod page;
mod paragraph;
mod people;
mod problem;
mod query;
mod render;
mod room;
mod sample;
mod selection;
mod settings;
mod shelf;
mod shell;
mod tile;
mod value;
mod variable;
mod view_file;
mod volume;
mod words;

pub use assets::Asset;
pub(crate) use assets::gzip;
pub(crate) use audit::{AuditFilter, AuditPage, AuditShown};
pub use component::{Component, PlacedAt};
pub use data::{
    ChannelData, CommandData, DeviceData, DeviceRow, GapData, GapsData, GatewayRow, Join, LedgerData,
    PanelRow, Scene, StillScene, StorageFailure, UplinkRow,
};
pub(crate) use earlier::named_in as earlier_named_in;
pub use eject::{EjectError, write_new_view};
pub(crate) use filters::time as time_text;
pub use gallery::Play;
pub use library::Library;
pub(crate) use login::LoginPage;
pub use look::{Look, Numbers, Theme};
pub use manifest::{Direction, Manifest, Setting, SettingType, check_component_name};
pub(crate) use people::{AccountPage, FirstPage, GroupPage, PeoplePage, PersonPage, Told};
pub use problem::{Place, Problem};
pub(crate) use selection::check_devices;
pub use shelf::Shelf;
pub(crate) use shelf::{Found, Swap};
pub use shell::Page;
