//! The yardstick of the S3 gateway's benchmark moves files as it should: else ratios to it would mean nothing.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

#[test]
fn hyper_alone_keeps_what_is_put_and_gives_it_back() {
    let directory = tempfile::tempdir().unwrap();
    let files = Files::serve(directory.path());
    let content: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let put = files.ask(&format!("PUT /object HTTP/1.1\r\ncontent-length: {}\r\n", content.len()), &content);
    assert!(put.starts_with(b"HTTP/1.1 200 "));
    assert_eq!(fs::read(directory.path().join("object")).unwrap(), content);
    let got = files.ask("GET /object HTTP/1.1\r\n", &[]);
    assert!(got.starts_with(b"HTTP/1.1 200 ") && got.ends_with(&content));
    assert!(files.ask("GET /other HTTP/1.1\r\n", &[]).starts_with(b"HTTP/1.1 404 "));
}

/// The benchmark's program in that role.
struct Files {
    program: Child,
    port: u16,
}

impl Files {
    fn serve(directory: &std::path::Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
        let mut program = command.arg("files").arg(directory).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { program, port: line.trim().parse().unwrap() }
    }

    /// What is answered to a request of this head and body, on a connection of its own.
    fn ask(&self, head: &str, body: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(format!("{head}host: localhost\r\nconnection: close\r\n\r\n").as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        self.program.kill().unwrap();
        self.program.wait().unwrap();
    }
}
