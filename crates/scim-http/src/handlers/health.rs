//! `/health`: whether the process serves.

use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::AppState;
use crate::respond;

/// GET
pub(crate) async fn show(state: web::Data<AppState>) -> HttpResponse {
    respond::json(&json!({
        "status": "ok",
        "checks": [{"name": "process", "healthy": true}],
        "timestamp": state.clock.now().to_string(),
        "version": env!("CARGO_PKG_VERSION"),
    }))
}
