//! Enumerations whose values have one name each, in JSON and for people.

/// Gives an enumeration its names: `ALL`, each value with its name, and `as_str`.
macro_rules! keywords {
    ($enumeration:ident { $($variant:ident = $word:literal,)+ }) => {
        impl $enumeration {
            /// Every one of them with its name.
            pub const ALL: &'static [(&'static str, Self)] = &[$(($word, Self::$variant),)+];

            /// The name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

pub(crate) use keywords;
