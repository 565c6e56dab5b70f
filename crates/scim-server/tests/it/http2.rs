//! HTTP/2 (RFC 9113): many requests on one connection, which are bounded too.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::web::Bytes;
use http_body::{Body, Frame};
use reqwest::{Client, Response};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinHandle, JoinSet};

use crate::tls::World;

/// A body that comes when the test sends it, and says when it is waited for: the head is on its way by then.
struct SlowBody {
    pieces: UnboundedReceiver<String>,
    waited_for: UnboundedSender<()>,
}

impl Body for SlowBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        // Nobody may ask any more.
        let _heard = self.waited_for.send(());
        self.pieces.poll_recv(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece.into()))))
    }
}

/// A request that has begun, and whose body does not come before it is sent.
pub(crate) struct Begun {
    answer: JoinHandle<Response>,
    pieces: UnboundedSender<String>,
}

impl Begun {
    pub(crate) async fn new(world: &World, client: &Client) -> Self {
        let (pieces, to_come) = unbounded_channel();
        let (waited_for, mut is_waited_for) = unbounded_channel();
        let request = client
            .post(format!("{}/Users", world.server.base_url()))
            .bearer_auth(world.server.secret())
            .header("content-type", "application/scim+json")
            .body(reqwest::Body::wrap(SlowBody { pieces: to_come, waited_for }));
        let answer = tokio::spawn(async move { request.send().await.expect("an answer") });
        is_waited_for.recv().await.expect("it is sent");
        Self { answer, pieces }
    }

    /// Sends its body, and answers the status.
    pub(crate) async fn end(self, name: &str) -> u16 {
        let user =
            format!(r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"{name}"}}"#);
        self.pieces.send(user).expect("it is waited for");
        drop(self.pieces);
        self.answer.await.expect("an end").status().as_u16()
    }
}

#[tokio::test]
async fn a_connection_carries_a_bounded_number_of_requests() {
    let world = World::new("many");
    let client = world.http2();
    world.users(&client).await;
    let mut begun = Vec::new();
    for _ in 0..128 {
        begun.push(Begun::new(&world, &client).await);
    }
    let mut refused = JoinSet::new();
    for _ in 0..20 {
        let request = client.get(format!("{}/Users", world.server.base_url()));
        refused.spawn(async move { request.send().await.expect("an answer") });
    }
    while let Some(answer) = refused.join_next().await {
        let answer = answer.expect("an end");
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["retry-after"], "1");
    }
    world.users(&world.http2()).await;
    for (number, request) in begun.into_iter().enumerate() {
        assert_eq!(request.end(&format!("user{number}")).await, 201);
    }
    world.users(&client).await;
}
