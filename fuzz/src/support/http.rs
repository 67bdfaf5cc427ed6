//! Heads as `httparse` reads them.

/// The header lines of a request that was written: exactly these, whatever text was put into it.
#[derive(Debug)]
pub struct Head<'a> {
    pub start: [&'a str; 3],
    pub headers: Vec<(&'a str, &'a [u8])>,
    /// What stands behind the head.
    pub body: &'a [u8],
}

impl<'a> Head<'a> {
    pub fn of_request(bytes: &'a [u8]) -> Self {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        let Ok(httparse::Status::Complete(len)) = request.parse(bytes) else {
            panic!("no head of a request: {}", bytes.escape_ascii());
        };
        let version = if request.version == Some(1) { "HTTP/1.1" } else { "" };
        let start = [request.method.unwrap_or_default(), request.path.unwrap_or_default(), version];
        Self { start, headers: collect(request.headers), body: &bytes[len..] }
    }

    pub fn of_response(bytes: &'a [u8]) -> (Self, u16) {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut headers);
        let Ok(httparse::Status::Complete(len)) = response.parse(bytes) else {
            panic!("no head of a response: {}", bytes.escape_ascii());
        };
        let version = if response.version == Some(1) { "HTTP/1.1" } else { "" };
        let start = [version, "", response.reason.unwrap_or_default()];
        let head = Self { start, headers: collect(response.headers), body: &bytes[len..] };
        (head, response.code.unwrap_or_default())
    }

    /// The values of all headers with this name.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + 's {
        self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    /// Whether the lines of this name, which are a list, have `token` among their elements; empty ones count for nothing.
    pub fn names(&self, name: &str, token: &[u8]) -> bool {
        let mut elements = self.all(name).flat_map(|line| line.split(|byte| *byte == b','));
        elements.any(|element| element.trim_ascii().eq_ignore_ascii_case(token))
    }

    /// The value of the one header with this name.
    pub fn one(&self, name: &str) -> Option<&'a [u8]> {
        let mut values = self.all(name);
        values.next().filter(|_| values.next().is_none())
    }
}

fn collect<'a>(headers: &[httparse::Header<'a>]) -> Vec<(&'a str, &'a [u8])> {
    headers.iter().map(|header| (header.name, header.value)).collect()
}
