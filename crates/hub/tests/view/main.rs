//! Pages from components and views: built-in ones, and those of the folders in `fixtures/`.

mod arranged;
mod check;
mod component;
mod depth;
mod derive;
mod html;
mod limits;
mod page;
mod sample;
mod scene;
mod shelf;
mod wrong;
