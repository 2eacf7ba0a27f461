//! How a file is packed does not change what is found in it: gzip, no index, no compression.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::support::{RESULT_FILES, folder, run, succeed, text, write_small_run};

#[test]
fn gzip_and_a_missing_index_change_nothing() {
    let folder = folder();
    let plain = folder.path().join("run.mzML");
    write_small_run(&plain);
    let document = text(&plain);

    // The file name is part of the results, so the variants keep it.
    let variant = |name: &str, content: &[u8]| {
        let path = folder.path().join(name).join("run.mzML");
        fs::create_dir(folder.path().join(name)).expect("a folder");
        fs::write(&path, content).expect("the variant is written");
        path
    };
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(document.as_bytes()).expect("gzip");
    let zipped = variant("zipped", &gzip.finish().expect("gzip"));
    let (from, to) =
        (document.find("<mzML").expect("<mzML"), document.find("</mzML>").expect("</mzML>"));
    let without_index =
        format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{}</mzML>\n", &document[from..to]);
    assert!(document.contains("<indexList") && !without_index.contains("<indexList"));
    let bare = variant("bare", without_index.as_bytes());

    let out = |input: &std::path::Path, name: &str| {
        let out = folder.path().join(name);
        succeed(&mut run(input, &out));
        out
    };
    // And so is the hash of the input, which is bound to differ.
    let without_hash = |out: &std::path::Path, file: &str| {
        let record: Value =
            serde_json::from_str(&text(&out.join("run.json"))).expect("run.json is JSON");
        text(&out.join(file)).replace(record["input"]["sha256"].as_str().expect("a hash"), "")
    };
    let expected = out(&plain, "out-plain");
    assert!(text(&expected.join("spectra.mgf")).contains("BEGIN IONS"));
    for (input, name) in [(zipped, "out-zipped"), (bare, "out-bare")] {
        let found = out(&input, name);
        for file in RESULT_FILES.iter().filter(|file| **file != "run.json") {
            assert!(
                without_hash(&found, file) == without_hash(&expected, file),
                "{name}: {file} differs"
            );
        }
    }
}
