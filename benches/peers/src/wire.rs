//! The transport: memory that is always ready, the same for everybody.
//!
//! Reading copies from an endless repetition of one stream, as much as the reader's buffer takes (or `max_read`), as a busy socket would; so messages
//! lie across the ends of reads. Writing throws the bytes away, after a look at where they are; vectored writes are taken whole.

use std::cell::RefCell;
use std::hint::black_box;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::ops::Range;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

pub struct Wire {
    stream: Arc<[u8]>,
    at: usize,
    pub max_read: usize,
    /// Whether a read ends where the stream ends: then the last message of the stream is read with nothing behind it.
    pub stops_at_end: bool,
    log: Option<Rc<RefCell<Log>>>,
}

/// What was written, for those who want to look at it.
#[derive(Default)]
pub struct Log {
    pub bytes: Vec<u8>,
    /// Where the application's payload lies …
    pub watched: Range<usize>,
    /// … and whether any write came from there: the payload was not copied.
    pub saw_watched: bool,
}

impl Wire {
    pub fn new(stream: Arc<[u8]>) -> Self {
        Self { stream, at: 0, max_read: usize::MAX, stops_at_end: false, log: None }
    }

    /// A transport that is only written to.
    pub fn sink() -> Self {
        Self::new(Arc::new([0]))
    }

    /// The bytes of one request, read at once; what is answered goes to the log.
    pub fn request(request: &Arc<[u8]>, log: &Rc<RefCell<Log>>) -> Self {
        Self {
            stream: Arc::clone(request),
            at: 0,
            max_read: request.len(),
            stops_at_end: true,
            log: Some(Rc::clone(log)),
        }
    }

    pub fn logged(mut self, log: &Rc<RefCell<Log>>) -> Self {
        self.log = Some(Rc::clone(log));
        self
    }

    pub fn read_uninit(&mut self, to: &mut [MaybeUninit<u8>]) -> usize {
        let count = to.len().min(self.max_read);
        let mut done = 0;
        while done < count {
            let left = &self.stream[self.at..];
            let now = left.len().min(count - done);
            to[done..done + now].write_copy_of_slice(&left[..now]);
            done += now;
            self.at += now;
            if self.at == self.stream.len() {
                self.at = 0;
                if self.stops_at_end {
                    break;
                }
            }
        }
        done
    }

    #[inline]
    pub fn take(&mut self, to: &mut [u8]) -> usize {
        // SAFETY: `read_uninit` only writes bytes, and bytes that were written are initialised.
        self.read_uninit(unsafe { &mut *(std::ptr::from_mut(to) as *mut [MaybeUninit<u8>]) })
    }

    #[inline]
    pub fn put(&mut self, bytes: &[u8]) {
        black_box(bytes.as_ptr());
        if let Some(log) = &self.log {
            let mut log = log.borrow_mut();
            log.bytes.extend_from_slice(bytes);
            log.saw_watched |= !bytes.is_empty() && log.watched.contains(&bytes.as_ptr().addr());
        }
    }

    fn put_all(&mut self, slices: &[IoSlice<'_>]) -> usize {
        slices
            .iter()
            .map(|slice| {
                self.put(slice);
                slice.len()
            })
            .sum()
    }
}

impl io::Read for Wire {
    #[inline]
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        Ok(self.take(to))
    }
}

impl io::Write for Wire {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(bytes);
        Ok(bytes.len())
    }

    #[inline]
    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(self.put_all(slices))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl tokio::io::AsyncRead for Wire {
    #[inline]
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        to: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // SAFETY: nothing is de-initialised, and exactly what was written is reported.
        unsafe {
            let count = self.read_uninit(to.unfilled_mut());
            to.assume_init(count);
            to.advance(count);
        }
        Poll::Ready(Ok(()))
    }
}

impl tokio::io::AsyncWrite for Wire {
    #[inline]
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.put(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    #[inline]
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(self.put_all(slices)))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl futures_io::AsyncRead for Wire {
    #[inline]
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, to: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(self.take(to)))
    }
}

impl futures_io::AsyncWrite for Wire {
    #[inline]
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.put(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    #[inline]
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(self.put_all(slices)))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl wtx::stream::StreamReader for Wire {
    #[inline]
    async fn read(&mut self, to: &mut [u8]) -> wtx::Result<usize> {
        Ok(self.take(to))
    }
}

impl wtx::stream::StreamWriter for Wire {
    #[inline]
    async fn write_all(&mut self, bytes: &[u8]) -> wtx::Result<()> {
        self.put(bytes);
        Ok(())
    }

    #[inline]
    async fn write_all_vectored(&mut self, bytes: &[&[u8]]) -> wtx::Result<()> {
        for bytes in bytes {
            self.put(bytes);
        }
        Ok(())
    }
}

/// The result of a future over a [`Wire`], which has no reason to wait.
#[inline]
pub fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a transport that is always ready was waited for"),
    }
}

/// As [`now`], for functions in the style of `poll_next`.
#[inline]
pub fn poll_now<T>(poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> T {
    match poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a transport that is always ready was waited for"),
    }
}
