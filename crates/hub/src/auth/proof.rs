//! Proofs about one device or view: that somebody may see it, may command it, may change it.
//!
//! Whatever reads or drives a device, or changes a view, takes one of them, and only a [`Grant`] makes them. So the right is asked for the very
//! device that is meant, and a forgotten check does not compile. Who reads for longer asks again, by `holds`.

use super::grant::{Grant, Scope};
use crate::rights::{Check, asks};

/// The proof that somebody may see this device.
#[derive(Clone, Debug)]
pub struct Sight {
    grant: Grant,
    id: Box<str>,
}

/// The proof that somebody may command this device.
#[derive(Clone, Debug)]
pub struct Drive {
    grant: Grant,
    id: Box<str>,
}

/// The proof that somebody may change the view of this name.
#[derive(Clone, Debug)]
pub struct Editing {
    name: Box<str>,
}

impl Grant {
    /// The proof that it permits to change the view of this name, whether there is such a one or not; nothing where it does not.
    pub fn editing(&self, name: &str) -> Option<Editing> {
        let may = self.may_view(Scope::Edit, name) || !asks(Check::Editing);
        may.then(|| Editing { name: name.into() })
    }

    /// The proof that it permits to see this device, whether there is such a one or not; nothing where it does not.
    pub fn sight(&self, id: &str) -> Option<Sight> {
        let may = self.may_device(Scope::View, id) || !asks(Check::Sight);
        may.then(|| Sight { grant: self.clone(), id: id.into() })
    }

    /// The proof that it permits to command this device, whether there is such a one or not; nothing where it does not.
    pub fn drive(&self, id: &str) -> Option<Drive> {
        let may = self.may_device(Scope::Command, id) || !asks(Check::Drive);
        may.then(|| Drive { grant: self.clone(), id: id.into() })
    }
}

impl Sight {
    /// The device.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Who sees it.
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Whether it is still permitted. That the credential was taken back is asked of [`Auth::still`](super::Auth::still) too.
    pub fn holds(&self) -> bool {
        self.grant.may_device(Scope::View, &self.id)
    }
}

impl Editing {
    /// The view.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drive {
    /// The device.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Who commands it.
    pub fn grant(&self) -> &Grant {
        &self.grant
    }
}
