//! `/health`: whether the process serves.

use actix_web::{HttpResponse, web};

use crate::AppState;
use crate::{health, respond};

/// GET: 200, whatever the checks say: what is only ill is not helped by being ended. The store is not asked, so that
/// this answers as long as the process does.
pub(crate) async fn show(state: web::Data<AppState>) -> HttpResponse {
    let checks = vec![health::process(), state.health.memory()];
    let status = if checks.iter().all(|check| check.healthy) { "ok" } else { "degraded" };
    respond::json(&health::document(&state, status, checks))
}
