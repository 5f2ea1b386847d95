//! How whoever asks wants pages to look: theme, kiosk, and how numbers are written where the reader comes from.

/// How a page is to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Light or dark; nothing: as the reader's system has it.
    pub theme: Option<Theme>,
    /// Without bar and tools, for a screen on a wall.
    pub kiosk: bool,
    /// How numbers are written.
    pub numbers: Numbers,
}

/// A choice of the reader's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// The theme of a name, `light` or `dark`.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Light, Self::Dark].into_iter().find(|theme| theme.as_str() == name)
    }

    /// Its name, as `data-theme` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// What stands between whole and fraction, and between thousands. The same that a browser of that language writes, so that
/// nothing jumps when its script takes over; a language whose digits or groups are others is written as English is until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    pub(crate) decimal: char,
    pub(crate) group: char,
}

const POINT: Numbers = Numbers { decimal: '.', group: ',' };
const COMMA: Numbers = Numbers { decimal: ',', group: '.' };
const COMMA_AND_SPACE: Numbers = Numbers { decimal: ',', group: '\u{a0}' };
const COMMA_AND_NARROW_SPACE: Numbers = Numbers { decimal: ',', group: '\u{202f}' };
const POINT_AND_APOSTROPHE: Numbers = Numbers { decimal: '.', group: '’' };

/// Languages with a comma, and those with spaces too; where a country differs from its language it stands here as well.
const LANGUAGES: &[(Numbers, &str)] = &[
    (POINT, "es-419 es-mx es-us es-pe es-gt es-hn es-ni es-pa es-do es-pr es-sv"),
    (COMMA, "az bs ca da de el en-at en-be en-de en-dk en-nl en-si es eu fo fy gl hr id is it lb lo mk nl"),
    (COMMA, "fr-lu fr-ma pt ro sl sr tr vi"),
    (COMMA_AND_SPACE, "af be bg cs de-at en-fi en-se en-za es-cr et fi fr-ca hu hy ka kk ky lt lv nb nn no"),
    (COMMA_AND_SPACE, "pl pt-ao pt-pt ru sk sq sv uk uz"),
    (COMMA_AND_NARROW_SPACE, "eo fr rm"),
    (POINT_AND_APOSTROPHE, "de-ch de-li en-ch it-ch"),
];

impl Default for Numbers {
    fn default() -> Self {
        POINT
    }
}

impl Numbers {
    /// As the first language of an `Accept-Language` header has it.
    pub fn of(accept_language: &str) -> Self {
        let first = accept_language.split([',', ';']).next().unwrap_or_default().trim().to_ascii_lowercase();
        let language = first.split('-').next().unwrap_or_default();
        let known = |name: &str| {
            let (numbers, _) =
                LANGUAGES.iter().find(|(_, names)| names.split(' ').any(|known| known == name))?;
            Some(*numbers)
        };
        known(&first).or_else(|| known(language)).unwrap_or_default()
    }

    /// As a template carries it: two characters.
    pub(crate) fn as_text(self) -> String {
        [self.decimal, self.group].into_iter().collect()
    }

    /// What [`Numbers::as_text`] gave; English where that is not what it is.
    pub(crate) fn of_text(text: Option<&str>) -> Self {
        let mut chars = text.unwrap_or_default().chars();
        match (chars.next(), chars.next(), chars.next()) {
            (Some(decimal), Some(group), None) => Self { decimal, group },
            _ => Self::default(),
        }
    }

    /// A number that is written as English is, as it is written here.
    pub(crate) fn write(self, english: &str) -> String {
        let other = |character| match character {
            '.' => self.decimal,
            ',' => self.group,
            other => other,
        };
        english.chars().map(other).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_readers_first_language_has_it() {
        let written = |languages| Numbers::of(languages).write("12,345.5");
        assert_eq!(written("de-DE,de;q=0.9,en;q=0.8"), "12.345,5");
        assert_eq!(written("de-CH"), "12’345.5");
        assert_eq!(written("fr"), "12\u{202f}345,5");
        assert_eq!(written("pt-PT, pt"), "12\u{a0}345,5");
        assert_eq!(written("es-MX"), "12,345.5");
        for english in ["en-US,de", "", "*", "ja", "x-klingon"] {
            assert_eq!(written(english), "12,345.5", "{english}");
        }
    }

    #[test]
    fn a_template_carries_them_unharmed() {
        for numbers in [POINT, COMMA, COMMA_AND_NARROW_SPACE] {
            assert_eq!(Numbers::of_text(Some(&numbers.as_text())), numbers);
        }
        assert_eq!(Numbers::of_text(Some("?")), POINT);
    }
}
