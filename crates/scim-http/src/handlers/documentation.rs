//! `/openapi.json`, and `/docs`, which shows it.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::AppState;

/// GET `/openapi.json`
pub(crate) async fn openapi(state: web::Data<AppState>, request: HttpRequest) -> HttpResponse {
    state.documentation().openapi.answer(&request)
}

/// GET `/docs`
pub(crate) async fn page(state: web::Data<AppState>, request: HttpRequest) -> HttpResponse {
    state.documentation().page.answer(&request)
}

/// GET `/docs/style.css`
pub(crate) async fn style(state: web::Data<AppState>, request: HttpRequest) -> HttpResponse {
    state.documentation().style.answer(&request)
}
