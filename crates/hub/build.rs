//! Files are embedded one by one, so the compiler notices a changed one; this is for those that are new.

fn main() {
    for folder in ["components", "views", "web"] {
        println!("cargo:rerun-if-changed=../../{folder}");
    }
}
