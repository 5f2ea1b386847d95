//! Printed lines as devices print them.

use super::*;

fn mapping(format: Format, names: &[&str]) -> Mapping {
    Mapping {
        device: "scale-1".to_owned(),
        token: "secret".to_owned(),
        format,
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        units: Vec::new(),
        separator: None,
        header: false,
    }
}

fn read(mapping: &Mapping, line: &str) -> Reading {
    Reader::new(mapping.clone()).read(line.as_bytes())
}

fn sample(values: &str) -> Reading {
    Reading::Sample(format!("{{\"values\":{{{values}}}}}"))
}

fn is_junk(reading: &Reading) -> bool {
    matches!(reading, Reading::Junk(_))
}

#[test]
fn csv_takes_its_names_from_its_header_whenever_that_comes() {
    let mut reader = Reader::new(Mapping { header: true, ..mapping(Format::Csv, &[]) });
    assert!(is_junk(&reader.read(b"21.5,40")), "nobody knows yet what that is");
    assert_eq!(reader.read(b"temperature, \"humidity\"\r"), Reading::Header);
    assert_eq!(reader.read(b"21.50, 40"), sample("\"temperature\":21.50,\"humidity\":40"));
    assert_eq!(reader.read(b"21.5,"), sample("\"temperature\":21.5"));
    assert!(is_junk(&reader.read(b"21.5")), "half a line");
    assert!(is_junk(&reader.read(b"Station v1.2 ready")), "that is no name");
    assert_eq!(reader.read(b"pressure,state"), Reading::Header);
    assert_eq!(reader.read(b"1013,open"), sample("\"pressure\":1013,\"state\":\"open\""));
}

#[test]
fn csv_with_names_needs_no_header() {
    let names = mapping(Format::Csv, &["weight", "temp"]);
    assert_eq!(read(&names, "12.3,21"), sample("\"weight\":12.3,\"temp\":21"));
    let german = Mapping { separator: Some(';'), ..names.clone() };
    assert_eq!(read(&german, "12,3;21"), sample("\"weight\":12.3,\"temp\":21"));
    assert!(is_junk(&read(&names, "12,3,21")), "decimal commas need another separator");
}

#[test]
fn keys_and_values_are_read_as_they_come() {
    let all = mapping(Format::KeyValue, &[]);
    let expected = sample("\"temp\":21.5,\"hum\":40,\"state\":\"open\"");
    assert_eq!(read(&all, "temp=21.5 hum=40 state=open"), expected);
    assert_eq!(read(&all, "temp:21.5, hum:40; state:open"), expected);
    assert_eq!(read(&all, "temp: 21.5  hum= 40 state:open"), expected);
    let some = Mapping { units: vec!["C".to_owned()], ..mapping(Format::KeyValue, &["temp"]) };
    assert_eq!(read(&some, "temp=21.5C hum=40"), sample("\"temp\":21.5"));
    assert_eq!(read(&some, "temp: 21.5 C"), sample("\"temp\":21.5"));
    for junk in ["Booting v1.2", "temp", "=5", "temp=1 temp=2", "1=2"] {
        assert!(is_junk(&read(&all, junk)), "{junk}");
    }
}

#[test]
fn bare_numbers_are_as_many_as_there_are_names() {
    let two = mapping(Format::Numbers, &["weight", "temp"]);
    for line in ["12.30 21", "12.30,21", "12.30\t21", "  12.30;  21 "] {
        assert_eq!(read(&two, line), sample("\"weight\":12.30,\"temp\":21"), "{line}");
    }
    for junk in ["12.30", "12.30 21 5", "12.30 kg", "Error 42", "12.3O 21"] {
        assert!(is_junk(&read(&two, junk)), "{junk}");
    }
    let scale = Mapping { units: vec!["kg".to_owned()], ..mapping(Format::Numbers, &["weight"]) };
    for line in ["+12.30kg", "12.30 kg"] {
        assert_eq!(read(&scale, line), sample("\"weight\":12.30"), "{line}");
    }
    assert!(is_junk(&read(&scale, "12.30lb")), "that is something else");
}

#[test]
fn what_is_not_a_number_is_passed_neither_as_number_nor_as_text() {
    let two = mapping(Format::Csv, &["weight", "temp"]);
    for failed in ["nan", "NaN", "-inf", "Infinity", "null", "OVF"] {
        assert_eq!(read(&two, &format!("{failed},21")), sample("\"temp\":21"), "{failed}");
        assert!(is_junk(&read(&two, &format!("{failed},{failed}"))));
    }
    let numbers = mapping(Format::Numbers, &["weight", "temp"]);
    assert_eq!(read(&numbers, "nan 21"), sample("\"temp\":21"));
}

#[test]
fn noise_is_junk_and_nothing_is_nothing() {
    let mut reader = Reader::new(mapping(Format::KeyValue, &[]));
    assert_eq!(reader.read(b" \r"), Reading::Empty);
    assert!(is_junk(&reader.read(b"temp=\xff\xfe")));
    assert!(is_junk(&reader.read(b"temp=1\x00")));
    let many: String = (0..=FIELDS_MAX).map(|number| format!("k{number}=1 ")).collect();
    assert!(is_junk(&reader.read(many.as_bytes())));
}

#[test]
fn the_greeting_says_who_it_is_and_what_its_units_are() {
    let plain = mapping(Format::Numbers, &["weight", "temp"]);
    assert_eq!(plain.greeting(), "{\"identify\":\"scale-1\",\"token\":\"secret\"}\n");
    let units = Mapping { units: vec![String::new(), "°\"C".to_owned()], ..plain };
    assert!(units.greeting().ends_with("{\"describe\":{\"temp\":{\"unit\":\"°\\\"C\"}}}\n"));
}

#[test]
fn what_is_wrong_with_a_mapping_is_said() {
    assert_eq!(mapping(Format::Numbers, &["a"]).fault(), None);
    let wrong = [
        mapping(Format::Numbers, &[]),
        mapping(Format::Csv, &[]),
        mapping(Format::Csv, &["a", "a"]),
        mapping(Format::Csv, &["1"]),
        Mapping { device: "a b".to_owned(), ..mapping(Format::KeyValue, &[]) },
        Mapping { header: true, ..mapping(Format::Numbers, &["a"]) },
        Mapping { separator: Some('.'), ..mapping(Format::Csv, &["a"]) },
        Mapping { units: vec!["C".to_owned()], ..mapping(Format::KeyValue, &[]) },
    ];
    for mapping in wrong {
        assert!(mapping.fault().is_some(), "{mapping:?}");
    }
}

#[test]
fn whatever_is_printed_what_comes_of_it_is_a_line_of_the_protocol() {
    let pieces: [&[u8]; 16] = [
        b"1",
        b"-",
        b".5",
        b"e9",
        b",",
        b";",
        b"=",
        b":",
        b" ",
        b"\"",
        b"\\",
        b"temp",
        b"nan",
        b"\xc2\xb0",
        b"\t",
        b"{",
    ];
    let mut seed = 1_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).expect("31 bits") % below
    };
    let mappings = [
        Mapping { header: true, ..mapping(Format::Csv, &["a \"b\"", "temp"]) },
        Mapping { separator: Some(';'), ..mapping(Format::Csv, &["a", "temp"]) },
        mapping(Format::KeyValue, &[]),
        Mapping { units: vec!["\u{b0}".to_owned()], ..mapping(Format::Numbers, &["a", "b"]) },
    ];
    let mut samples = 0;
    for mapping in mappings {
        let mut reader = Reader::new(mapping);
        for _ in 0..5_000 {
            let line: Vec<u8> = (0..next(12)).flat_map(|_| pieces[next(pieces.len())]).copied().collect();
            if let Reading::Sample(sample) = reader.read(&line) {
                let said = protocol::message::decode_from_device(sample.as_bytes());
                assert!(said.is_ok(), "{sample} of {:?}", String::from_utf8_lossy(&line));
                samples += 1;
            }
        }
    }
    assert!(samples > 500, "{samples}");
}
