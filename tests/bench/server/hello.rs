//! The measure of everything: the least that axum answers, on the same runtime as the server's.

use std::{
    io::{self, Write as _},
    net::{Ipv4Addr, SocketAddr},
};

use axum::{
    Router,
    routing::{get, post},
};
use tokio::net::TcpListener;

/// Serves `GET /hello` until the process ends; `POST /webhooks` is a shop that takes everything.
///
/// # Errors
/// When there is no runtime or no socket.
pub(crate) fn serve() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let mut out = io::stdout().lock();
        writeln!(out, "hello: listening on http://{address}")?;
        out.flush()?;
        drop(out);
        let router = Router::new()
            .route("/hello", get(async || "hello"))
            .route("/webhooks", post(async || "thanks"));
        axum::serve(
            listener,
            router.into_make_service_with_connect_info::<SocketAddr>(),
        )
        .await
    })
}
