//! `/ready`: whether requests may be sent here.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::AppState;
use crate::respond;

/// GET: 200, or 503 with the checks that fail.
pub(crate) async fn show(state: web::Data<AppState>) -> HttpResponse {
    let store = state.service.ping().await.is_ok();
    let checks = [(state.settings.store_name, store), ("draining", !state.is_draining())];
    let ready = checks.iter().all(|(_, healthy)| *healthy);
    let checks = checks.map(|(name, healthy)| json!({"name": name, "healthy": healthy}));
    let mut response = respond::json(&json!({
        "status": if ready { "ok" } else { "unavailable" },
        "checks": checks,
        "timestamp": state.clock.now().to_string(),
        "version": env!("CARGO_PKG_VERSION"),
    }));
    if !ready {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}
