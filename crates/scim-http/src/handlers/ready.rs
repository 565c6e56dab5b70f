//! `/ready`: whether requests may be sent here.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use crate::AppState;
use crate::{health, respond};

/// GET: 200, or 503 with the checks that fail.
pub(crate) async fn show(state: web::Data<AppState>) -> HttpResponse {
    let checks = vec![state.health.store(&state).await, state.health.memory(), health::draining(&state)];
    let ready = checks.iter().all(|check| check.healthy);
    let status = if ready { "ok" } else { "unavailable" };
    let mut response = respond::json(&health::document(&state, status, checks));
    if !ready {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}
