//! Whole numbers as JSON Schema has them: `1.0` is the integer 1, however serde's integers see it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor};

/// A deserializer that gives a whole number written with a fraction to whoever asks for an integer. What asks for
/// nothing in particular gets what is there.
#[derive(Debug)]
pub struct Integral<T>(pub T);

/// A visitor on its way through [`Integral`].
struct Reading<V> {
    visitor: V,
    wants_integer: bool,
}

/// A method for each kind of value: what only hands it on, and what asks for an integer.
macro_rules! deserialize {
    ($wants_integer:literal: $($method:ident ($($name:ident: $kind:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $kind,)* visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method($($name,)* Reading { visitor, wants_integer: $wants_integer })
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Integral<D> {
    type Error = D::Error;

    deserialize! { true:
        deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_i128()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
    }

    deserialize! { false:
        deserialize_any() deserialize_bool() deserialize_f32() deserialize_f64() deserialize_char() deserialize_str()
        deserialize_string() deserialize_bytes() deserialize_byte_buf() deserialize_option() deserialize_unit()
        deserialize_seq() deserialize_map() deserialize_identifier() deserialize_ignored_any()
        deserialize_unit_struct(name: &'static str)
        deserialize_newtype_struct(name: &'static str)
        deserialize_tuple(len: usize)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

macro_rules! visit {
    ($($method:ident($kind:ty))*) => {$(
        fn $method<E: Error>(self, value: $kind) -> Result<V::Value, E> {
            self.visitor.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Reading<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    visit! {
        visit_bool(bool) visit_i64(i64) visit_i128(i128) visit_u64(u64) visit_u128(u128) visit_char(char)
        visit_str(&str) visit_borrowed_str(&'de str) visit_string(String)
        visit_bytes(&[u8]) visit_borrowed_bytes(&'de [u8]) visit_byte_buf(Vec<u8>)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<V::Value, E> {
        if self.wants_integer {
            // A whole number is written without a fraction, so that only such a one is read back as an integer.
            let text = value.to_string();
            if let Ok(integer) = text.parse() {
                return self.visitor.visit_u64(integer);
            }
            if let Ok(integer) = text.parse() {
                return self.visitor.visit_i64(integer);
            }
        }
        self.visitor.visit_f64(value)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Integral(deserializer))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(Integral(deserializer))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_seq(Integral(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(Integral(members))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_enum(Integral(variant))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Integral<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Integral(deserializer))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Integral<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Integral(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Integral<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Integral(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Integral<A> {
    type Error = A::Error;
    type Variant = Integral<A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        self.0.variant_seed(seed).map(|(value, variant)| (value, Integral(variant)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Integral<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.newtype_variant_seed(Integral(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(len, Reading { visitor, wants_integer: false })
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.struct_variant(fields, Reading { visitor, wants_integer: false })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::value::RawValue;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    enum Shape {
        Point,
        Size(u8),
        Pair(u8, i8),
        Box { width: u64 },
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Kept(u32);

    fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, serde_json::Error> {
        T::deserialize(Integral(&mut serde_json::Deserializer::from_str(text)))
    }

    #[test]
    fn a_whole_number_is_an_integer_however_it_is_written() {
        assert_eq!(read::<u64>("1015.0").unwrap(), 1015);
        assert_eq!(read::<i8>("-1.0").unwrap(), -1);
        assert_eq!(read::<u8>("-0.0").unwrap(), 0);
        assert_eq!(read::<u32>("1e3").unwrap(), 1000);
        assert_eq!(read::<f64>("1.0").unwrap().to_bits(), 1.0_f64.to_bits());
        assert_eq!(read::<u64>("18446744073709551615").unwrap(), u64::MAX);
    }

    #[test]
    fn what_is_no_whole_number_or_out_of_range_is_refused_as_ever() {
        let refused = |text: &str| read::<u64>(text).unwrap_err().to_string();
        assert!(refused("1.5").starts_with("invalid type: floating point `1.5`, expected u64"));
        assert!(refused("-1.0").starts_with("invalid value: integer `-1`, expected u64"));
        let huge = refused("1e300");
        assert!(huge.starts_with("invalid type: floating point `1e+300`, expected u64"), "{huge}");
        assert!(read::<u8>("256.0").is_err() && read::<u8>("\"1\"").is_err() && read::<u8>("null").is_err());
    }

    #[test]
    fn it_reaches_into_everything() {
        type Nested = BTreeMap<String, Vec<Option<Kept>>>;
        assert_eq!(read::<Nested>(r#"{"a":[1.0,null]}"#).unwrap()["a"], [Some(Kept(1)), None]);
        let shapes = r#"["Point",{"Size":1.0},{"Pair":[1.0,-1.0]},{"Box":{"width":2.0}}]"#;
        let expected = vec![Shape::Point, Shape::Size(1), Shape::Pair(1, -1), Shape::Box { width: 2 }];
        assert_eq!(read::<Vec<Shape>>(shapes).unwrap(), expected);
    }

    #[test]
    fn what_is_kept_as_text_stays_as_it_is() {
        assert_eq!(read::<&RawValue>(r#"{"a": 1.0}"#).unwrap().get(), r#"{"a": 1.0}"#);
        assert_eq!(read::<serde_json::Value>("1.0").unwrap(), serde_json::json!(1.0));
    }
}
