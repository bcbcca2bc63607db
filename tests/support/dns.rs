//! A DNS server that knows what a test says.

use std::{net::Ipv4Addr, sync::Arc};

use simple_dns::{
    CLASS, Name, Packet, PacketFlag, QTYPE, RCODE, ResourceRecord, TYPE,
    rdata::{A, CNAME, MX, RData},
};
use tokio::net::UdpSocket;

/// What is known of a name.
#[derive(Debug, Clone)]
pub(crate) enum Known {
    /// An address, in further records of the same name further ones.
    A(&'static str),
    Cname(&'static str),
    Mx(&'static str),
    /// It exists, and has nothing.
    Nothing,
    /// The server has an error of its own.
    Broken,
    /// There is no answer.
    Silence,
}

/// The server. It ends with the test.
#[derive(Debug)]
pub(crate) struct Dns {
    pub(crate) port: u16,
}

impl Dns {
    pub(crate) async fn start(records: &[(&'static str, Known)]) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = socket.local_addr().unwrap().port();
        let records: Arc<[_]> = records.into();
        tokio::spawn(async move {
            let mut packet = [0; 4096];
            while let Ok((length, from)) = socket.recv_from(&mut packet).await {
                let Ok(asked) = Packet::parse(&packet[..length]) else { continue };
                if let Some(answer) = answer(asked, &records) {
                    let _ = socket.send_to(&answer, from).await;
                }
            }
        });
        Self { port }
    }

    /// What the configuration says of it.
    pub(crate) fn toml(&self) -> String {
        format!("[smoke]\ndns_server = \"127.0.0.1:{}\"\n", self.port)
    }
}

fn answer(asked: Packet<'_>, records: &[(&'static str, Known)]) -> Option<Vec<u8>> {
    let question = asked.questions.first()?.clone();
    let host = question.qname.to_string().to_lowercase();
    let mut answer = asked.into_reply();
    answer.set_flags(PacketFlag::RECURSION_AVAILABLE);
    let of_host: Vec<&Known> = records.iter().filter(|(name, _)| *name == host).map(|(_, known)| known).collect();
    if of_host.is_empty() {
        *answer.rcode_mut() = RCODE::NameError;
    }
    for known in of_host {
        let (kind, data) = match known {
            Known::A(address) => (TYPE::A, RData::A(A { address: u32::from(address.parse::<Ipv4Addr>().unwrap()) })),
            Known::Cname(name) => (TYPE::CNAME, RData::CNAME(CNAME(name_of(name)))),
            Known::Mx(name) => (TYPE::MX, RData::MX(MX { preference: 10, exchange: name_of(name) })),
            Known::Nothing => continue,
            Known::Silence => return None,
            Known::Broken => {
                *answer.rcode_mut() = RCODE::ServerFailure;
                continue;
            }
        };
        if question.qtype == QTYPE::TYPE(kind) {
            answer.answers.push(ResourceRecord::new(question.qname.clone(), CLASS::IN, 60, data));
        }
    }
    Some(answer.build_bytes_vec().unwrap())
}

fn name_of(name: &'static str) -> Name<'static> {
    let name = name.trim_end_matches('.');
    if name.is_empty() { Name::new_with_labels(&[]) } else { Name::new_unchecked(name) }
}
