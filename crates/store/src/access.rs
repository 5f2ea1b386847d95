//! Who may what: people, groups and join tokens, as the hub spells them.

/// What a row of access is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AccessKind {
    /// A person with an account.
    Person,
    /// Rights that several people have.
    Group,
    /// A token with which new devices may identify.
    Join,
}

impl AccessKind {
    /// All of them.
    pub const ALL: [AccessKind; 3] = [AccessKind::Person, AccessKind::Group, AccessKind::Join];

    /// The word for it in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            AccessKind::Person => "person",
            AccessKind::Group => "group",
            AccessKind::Join => "join",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One of them, named uniquely among those of its kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccessRow {
    /// What it is.
    pub kind: AccessKind,
    /// A person's or a group's name; the hash of a join token, in hexadecimal digits.
    pub name: Box<str>,
    /// What the hub knows of it, raw JSON.
    pub content: Box<str>,
}
