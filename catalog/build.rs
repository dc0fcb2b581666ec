fn main() {
    // Files that `include_dir!` embeds are found anew when one is added.
    println!("cargo:rerun-if-changed=facts");
    println!("cargo:rerun-if-changed=parts");
}
