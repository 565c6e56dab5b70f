//! `/metrics`: what is measured, for Prometheus.

use actix_web::{HttpResponse, web};

use super::{Answer, fallback};
use crate::AppState;

/// The text format of Prometheus.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// GET
pub(crate) async fn show(state: web::Data<AppState>) -> Answer {
    match state.observer().exposition() {
        Some(text) => Ok(HttpResponse::Ok().content_type(TEXT).body(text)),
        None => fallback::no_page().await,
    }
}
