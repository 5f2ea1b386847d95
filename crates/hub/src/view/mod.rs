//! Pages: views made of components, rendered to HTML.
//!
//! A [`Library`] holds all components and views, built-in ones overlaid by a user's folder. Given a [`Scene`] (where the
//! state of the hub comes from) it renders whole [`Page`]s, and it serves the [`Asset`]s that they refer to.
//! [`Library::check`] tells what is wrong with a user's folder; a [`Shelf`] loads it again when its files change.
//!
//! It renders, and that is all: it knows no sockets, no store and no clock.

mod assets;
mod check;
mod component;
mod context;
mod data;
mod definition;
mod derive;
mod escape;
mod files;
mod filters;
mod html;
mod inline;
mod library;
pub mod limits;
mod manifest;
mod page;
mod problem;
mod render;
mod room;
mod sample;
mod settings;
mod shelf;
mod tile;
mod value;
mod view_file;

pub use assets::Asset;
pub use component::{Component, PlacedAt};
pub use data::{
    ChannelData, CommandData, DeviceData, DeviceRow, GapData, GapsData, GatewayRow, Join, LedgerData,
    PanelRow, Scene, StillScene, StorageFailure,
};
pub(crate) use escape::escape;
pub use library::Library;
pub use manifest::{Direction, Manifest, Setting, SettingType};
pub use page::Page;
pub use problem::{Place, Problem};
pub use shelf::Shelf;
