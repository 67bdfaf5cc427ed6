//! A `hyper` server in memory, for the libraries that upgrade its requests.

use std::cell::RefCell;
use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use hyper::body::{Body, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

use crate::wire::{Log, Wire};

/// Gives the request once, then has nothing more to give.
struct Once {
    wire: Wire,
    is_read: bool,
}

impl tokio::io::AsyncRead for Once {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.is_read {
            return Poll::Pending;
        }
        self.is_read = true;
        Pin::new(&mut self.wire).poll_read(cx, to)
    }
}

impl tokio::io::AsyncWrite for Once {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.wire.put(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Serves one request with what `upgrade` answers; the future of the upgraded connection is kept until the answer is written.
pub fn through_hyper<B, F>(
    request: &Arc<[u8]>,
    answer: &Rc<RefCell<Log>>,
    upgrade: impl Fn(Request<Incoming>) -> (Response<B>, F),
) where
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + 'static,
{
    let io = TokioIo::new(Once { wire: Wire::request(request, answer), is_read: false });
    let upgraded = RefCell::new(None);
    let service = hyper::service::service_fn(|request| {
        let (response, future) = upgrade(request);
        *upgraded.borrow_mut() = Some(future);
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let mut connection = pin!(hyper::server::conn::http1::Builder::new().serve_connection(io, service));
    let _ = connection.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    std::hint::black_box(&upgraded);
}
