//! One connection through the proxy.

use std::collections::VecDeque;
use std::sync::Mutex;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::framing::{self, Framing, Said};
use super::{Ending, Fault, Moment, Shared, Weather};

/// A slow wire does not hand out more than this at once.
const PIECE: usize = 1024;

/// What is said on a connection, both ways.
struct Talk<'a> {
    shared: &'a Shared,
    framing: Box<dyn Framing>,
    /// For each reply that is due: the fault that waits for it.
    due: VecDeque<Option<Fault>>,
}

/// On its way.
enum Parcel {
    Bytes(Instant, Bytes),
    End(Ending),
}

/// One direction, from where it is read to where it is written.
struct Lane {
    parcels: mpsc::UnboundedSender<Parcel>,
    weather: watch::Receiver<Weather>,
    last: Instant,
}

/// Relays until either side closes or a fault ends it.
pub(super) async fn run(shared: &Shared, mut client: TcpStream, mut server: TcpStream) {
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let mut ruin = shared.ruin.subscribe();
    let talk = Mutex::new(Talk { shared, framing: framing::of(shared.protocol), due: VecDeque::new() });
    let mut ending = {
        let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
        let (requests, to_deliver) = Lane::new(shared);
        let (replies, to_hand_back) = Lane::new(shared);
        tokio::select! {
            () = read_requests(&talk, from_client, requests) => Ending::Closed,
            () = read_replies(&talk, from_server, replies) => Ending::Closed,
            ending = write(to_deliver, to_server, shared, |weather| weather.holds_requests) => ending,
            ending = write(to_hand_back, to_client, shared, |weather| weather.holds_replies) => ending,
            ending = ordered(&mut ruin) => ending,
            () = shared.closed.cancelled() => Ending::Closed,
        }
    };
    while ending == Ending::Silent {
        let mut burials = shared.burials.subscribe();
        ending = tokio::select! {
            ending = ordered(&mut ruin) => ending,
            _ = burials.changed() => Ending::Closed,
            () = shared.closed.cancelled() => Ending::Closed,
        };
    }
    if ending == Ending::Reset {
        let _ = (client.set_zero_linger(), server.set_zero_linger());
    }
}

/// Returns with an order to end.
async fn ordered(ruin: &mut watch::Receiver<(u64, Ending)>) -> Ending {
    match ruin.changed().await {
        Ok(()) => ruin.borrow_and_update().1,
        Err(_) => Ending::Closed,
    }
}

/// Never returns: how it ends is told at the other end of the lane.
async fn read_requests(talk: &Mutex<Talk<'_>>, mut from: ReadHalf<'_>, mut lane: Lane) {
    let (mut bytes, mut request) = (BytesMut::new(), BytesMut::new());
    loop {
        loop {
            let next = talk.lock().unwrap().framing.next_said(&bytes);
            let Some((length, said)) = next else { break };
            request.unsplit(bytes.split_to(length));
            let fault = if said == Said::Request { talk.lock().unwrap().asks(&request) } else { None };
            match fault {
                Some(Fault { moment: Moment::Before, ending }) => return lane.end(ending).await,
                _ if said == Said::Part => {}
                _ => lane.send(request.split().freeze()),
            }
        }
        if !matches!(from.read_buf(&mut bytes).await, Ok(1..)) {
            lane.send(request.freeze());
            return lane.end(Ending::Closed).await;
        }
    }
}

async fn read_replies(talk: &Mutex<Talk<'_>>, mut from: ReadHalf<'_>, mut lane: Lane) {
    let (mut bytes, mut reply) = (BytesMut::new(), BytesMut::new());
    loop {
        loop {
            let next = talk.lock().unwrap().framing.next_told(&bytes);
            let Some((length, is_end)) = next else { break };
            reply.unsplit(bytes.split_to(length));
            let fault = talk.lock().unwrap().fault_of_reply(is_end);
            match fault {
                None => lane.send(reply.split().freeze()),
                Some(Fault { moment, ending }) if is_end => {
                    if moment == Moment::Within {
                        lane.send(reply.split_to(reply.len() / 2).freeze());
                    }
                    return lane.end(ending).await;
                }
                // Kept until all of it is here: only then has the server done its part.
                Some(_) => {}
            }
        }
        if !matches!(from.read_buf(&mut bytes).await, Ok(1..)) {
            return lane.end(Ending::Closed).await;
        }
    }
}

async fn write(
    mut parcels: mpsc::UnboundedReceiver<Parcel>,
    mut to: WriteHalf<'_>,
    shared: &Shared,
    is_held: fn(&Weather) -> bool,
) -> Ending {
    let mut weather = shared.weather.subscribe();
    loop {
        match parcels.recv().await {
            Some(Parcel::Bytes(due, bytes)) => {
                sleep_until(due).await;
                let is_through = weather.wait_for(|weather| !is_held(weather)).await.is_ok();
                if !is_through || to.write_all(&bytes).await.is_err() {
                    return Ending::Closed;
                }
            }
            Some(Parcel::End(ending)) => {
                // The end of a connection is a packet too.
                let _ = weather.wait_for(|weather| !is_held(weather)).await;
                return ending;
            }
            None => return Ending::Closed,
        }
    }
}

impl Talk<'_> {
    /// Notes a request; the fault that was waiting for it.
    fn asks(&mut self, request: &[u8]) -> Option<Fault> {
        let fault = self.shared.fault_for(&self.framing.text(request));
        self.due.push_back(fault);
        fault
    }

    /// The fault that waits for the reply under way, which may be ending.
    fn fault_of_reply(&mut self, is_end: bool) -> Option<Fault> {
        if is_end { self.due.pop_front() } else { self.due.front().copied() }.flatten()
    }
}

impl Lane {
    fn new(shared: &Shared) -> (Self, mpsc::UnboundedReceiver<Parcel>) {
        let (parcels, other_end) = mpsc::unbounded_channel();
        (Self { parcels, weather: shared.weather.subscribe(), last: Instant::now() }, other_end)
    }

    fn send(&mut self, mut bytes: Bytes) {
        let weather = *self.weather.borrow();
        let piece = if weather.rate.is_some() { PIECE } else { usize::MAX };
        while !bytes.is_empty() {
            let part = bytes.split_to(piece.min(bytes.len()));
            self.last = weather.arrival(self.last, part.len());
            let _ = self.parcels.send(Parcel::Bytes(self.last, part));
        }
    }

    async fn end(self, ending: Ending) {
        let _ = self.parcels.send(Parcel::End(ending));
        std::future::pending::<()>().await;
    }
}
