//! Questions to DNS servers (RFC 1035): over UDP, and over TCP when the answer does not fit. Nothing is kept: who asks again, asks anew.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use resolv_conf::{Config, ScopedIp};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QTYPE, Question, RCODE, TYPE, rdata::RData};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

use super::names::Unresolved;

/// How long one question to one server may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often each server is asked: packets get lost.
const ROUNDS: usize = 2;
/// How many servers are asked; the system's resolver asks no more either.
const SERVERS: usize = 3;
/// The port of DNS servers.
const PORT: u16 = 53;

/// A kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::world) enum Kind {
    A,
    Aaaa,
    Cname,
    Mx,
}

/// A record. Names are in lower case, without the dot at their end; that of the root is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::world) enum Record {
    Address(IpAddr),
    /// The name that it is another one for.
    Alias(String),
    /// A host that takes mail.
    Mail(String),
}

impl Record {
    pub(in crate::world) fn address(&self) -> Option<IpAddr> {
        if let Self::Address(address) = self { Some(*address) } else { None }
    }
}

/// The servers that the system asks.
pub(in crate::world) fn system_servers() -> Vec<SocketAddr> {
    let config = fs::read("/etc/resolv.conf").unwrap_or_default();
    let servers = Config::parse(config).unwrap_or_default().get_nameservers_or_local();
    let address = |server| match server {
        ScopedIp::V4(address) => IpAddr::V4(address),
        ScopedIp::V6(address, _) => IpAddr::V6(address),
    };
    servers.into_iter().take(SERVERS).map(|server| SocketAddr::new(address(server), PORT)).collect()
}

/// The records of a name, at least one; behind a name that is another one for it, that one's.
pub(in crate::world) async fn ask(servers: &[SocketAddr], host: &str, kind: Kind) -> Result<Vec<Record>, Unresolved> {
    for _ in 0..ROUNDS {
        for server in servers {
            // Whoever says nothing, or that it cannot, leaves it to the next.
            if let Ok(Ok(Some(answer))) = timeout(PATIENCE, ask_one(*server, host, kind)).await {
                return answer;
            }
        }
    }
    Err(Unresolved::Silent)
}

type Answer = Result<Vec<Record>, Unresolved>;

async fn ask_one(server: SocketAddr, host: &str, kind: Kind) -> io::Result<Option<Answer>> {
    let mut id = [0; 2];
    getrandom::fill(&mut id).map_err(io::Error::other)?;
    let asked = Asked { id: u16::from_be_bytes(id), host: host.to_ascii_lowercase(), kind };
    let question = asked.packet().map_err(io::Error::other)?;
    let here = if server.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    let socket = UdpSocket::bind((here, 0)).await?;
    // Only the server's own packets are heard.
    socket.connect(server).await?;
    socket.send(&question).await?;
    let mut packet = vec![0; 4096];
    loop {
        let length = socket.recv(&mut packet).await?;
        match asked.read(packet.get(..length).unwrap_or_default()) {
            Read::NotOurs => {}
            Read::Cut => return over_tcp(server, &asked, &question).await,
            Read::Answer(answer) => return Ok(answer),
        }
    }
}

async fn over_tcp(server: SocketAddr, asked: &Asked, question: &[u8]) -> io::Result<Option<Answer>> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes()[..], question].concat()).await?;
    let mut packet = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut packet).await?;
    Ok(match asked.read(&packet) {
        Read::Answer(answer) => answer,
        Read::NotOurs | Read::Cut => None,
    })
}

/// A question.
struct Asked {
    id: u16,
    host: String,
    kind: Kind,
}

/// A packet that came.
#[derive(Debug, PartialEq, Eq)]
enum Read {
    /// It answers something else, or is none.
    NotOurs,
    /// The answer did not fit.
    Cut,
    /// What the server says; nothing when it cannot.
    Answer(Option<Answer>),
}

impl Asked {
    fn packet(&self) -> simple_dns::Result<Vec<u8>> {
        let mut packet = Packet::new_query(self.id);
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
        packet.questions.push(Question::new(Name::new(&self.host)?, QTYPE::TYPE(self.kind()), CLASS::IN.into(), false));
        packet.build_bytes_vec()
    }

    fn kind(&self) -> TYPE {
        match self.kind {
            Kind::A => TYPE::A,
            Kind::Aaaa => TYPE::AAAA,
            Kind::Cname => TYPE::CNAME,
            Kind::Mx => TYPE::MX,
        }
    }

    fn read(&self, packet: &[u8]) -> Read {
        let Ok(packet) = Packet::parse(packet) else { return Read::NotOurs };
        let of_ours =
            |question: &Question<'_>| name(&question.qname) == self.host && question.qtype == QTYPE::TYPE(self.kind());
        let is_ours = packet.id() == self.id
            && packet.has_flags(PacketFlag::RESPONSE)
            && packet.questions.len() == 1
            && packet.questions.iter().all(of_ours);
        if !is_ours {
            return Read::NotOurs;
        }
        if packet.has_flags(PacketFlag::TRUNCATION) {
            return Read::Cut;
        }
        Read::Answer(match packet.rcode() {
            RCODE::NoError => {
                let records = self.records(&packet);
                Some(if records.is_empty() { Err(Unresolved::NoRecord) } else { Ok(records) })
            }
            RCODE::NameError => Some(Err(Unresolved::NoSuchName)),
            _ => None,
        })
    }

    /// The records of the name itself, and of those that it leads to: of no others, whatever else the packet holds.
    fn records(&self, packet: &Packet<'_>) -> Vec<Record> {
        let mut names = vec![self.host.clone()];
        let mut records = Vec::new();
        for answer in packet.answers.iter().filter(|answer| answer.class == CLASS::IN) {
            if !names.contains(&name(&answer.name)) {
                continue;
            }
            match (&answer.rdata, self.kind) {
                (RData::A(a), Kind::A) => records.push(Record::Address(Ipv4Addr::from(a.address).into())),
                (RData::AAAA(aaaa), Kind::Aaaa) => records.push(Record::Address(Ipv6Addr::from(aaaa.address).into())),
                (RData::CNAME(alias), Kind::Cname) => records.push(Record::Alias(name(&alias.0))),
                (RData::MX(mx), Kind::Mx) => records.push(Record::Mail(name(&mx.exchange))),
                (RData::CNAME(alias), _) => names.push(name(&alias.0)),
                _ => {}
            }
        }
        records
    }
}

/// As names are compared.
fn name(name: &Name<'_>) -> String {
    name.to_string().trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use simple_dns::{
        ResourceRecord,
        rdata::{A, CNAME},
    };

    use super::*;

    fn asked() -> Asked {
        Asked { id: 7, host: "www.example.org".to_owned(), kind: Kind::A }
    }

    fn answer(change: impl Fn(&mut Packet<'_>)) -> Read {
        let question = asked().packet().unwrap();
        let mut packet = Packet::parse(&question).unwrap().into_reply();
        for (name, data) in [
            ("WWW.example.org", RData::CNAME(CNAME(Name::new_unchecked("shop.example.org")))),
            ("shop.example.org", RData::A(A { address: 0xc000_0201 })),
            ("stranger.example.org", RData::A(A { address: 0xc000_0202 })),
        ] {
            packet.answers.push(ResourceRecord::new(Name::new_unchecked(name), CLASS::IN, 60, data));
        }
        change(&mut packet);
        asked().read(&packet.build_bytes_vec().unwrap())
    }

    #[test]
    fn only_what_was_asked_for_is_believed() {
        let right = vec![Record::Address("192.0.2.1".parse().unwrap())];
        assert_eq!(answer(|_| {}), Read::Answer(Some(Ok(right))));
        assert_eq!(answer(|packet| packet.set_id(8)), Read::NotOurs);
        assert_eq!(answer(|packet| packet.questions.clear()), Read::NotOurs);
        assert_eq!(answer(|packet| packet.remove_flags(PacketFlag::RESPONSE)), Read::NotOurs);
        let another = |packet: &mut Packet<'_>| packet.questions[0].qname = Name::new_unchecked("x.example.org");
        assert_eq!(answer(another), Read::NotOurs);
        assert_eq!(answer(|packet| packet.set_flags(PacketFlag::TRUNCATION)), Read::Cut);
        assert_eq!(answer(|packet| packet.answers.clear()), Read::Answer(Some(Err(Unresolved::NoRecord))));
        let nothing = |packet: &mut Packet<'_>| *packet.rcode_mut() = RCODE::NameError;
        assert_eq!(answer(nothing), Read::Answer(Some(Err(Unresolved::NoSuchName))));
        assert_eq!(answer(|packet| *packet.rcode_mut() = RCODE::ServerFailure), Read::Answer(None));
    }

    #[test]
    fn any_bytes_may_come() {
        let question = asked().packet().unwrap();
        for at in 0..question.len() {
            let mut damaged = question.clone();
            damaged[at] ^= 0xff;
            for packet in [&damaged[..], &damaged[..at]] {
                assert!(!matches!(asked().read(packet), Read::Answer(Some(_))), "{at}");
            }
        }
    }

    #[tokio::test]
    async fn what_does_not_fit_is_asked_again_over_tcp() {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let server = udp.local_addr().unwrap();
        let tcp = tokio::net::TcpListener::bind(server).await.unwrap();
        let reply = |question: &[u8], cut: bool| {
            let mut packet = Packet::parse(question).unwrap().into_reply();
            if cut {
                packet.set_flags(PacketFlag::TRUNCATION);
            } else {
                let data = RData::A(A { address: 0xc000_0201 });
                packet.answers.push(ResourceRecord::new(Name::new_unchecked("www.example.org"), CLASS::IN, 60, data));
            }
            packet.build_bytes_vec().unwrap()
        };
        let serve = async {
            let mut packet = [0; 512];
            let (length, from) = udp.recv_from(&mut packet).await.unwrap();
            udp.send_to(&reply(&packet[..length], true), from).await.unwrap();
            let (mut stream, _) = tcp.accept().await.unwrap();
            let mut question = vec![0; usize::from(stream.read_u16().await.unwrap())];
            stream.read_exact(&mut question).await.unwrap();
            let answer = reply(&question, false);
            stream.write_u16(u16::try_from(answer.len()).unwrap()).await.unwrap();
            stream.write_all(&answer).await.unwrap();
        };
        let (found, ()) = futures::future::join(ask(&[server], "www.example.org", Kind::A), serve).await;
        assert_eq!(found, Ok(vec![Record::Address("192.0.2.1".parse().unwrap())]));
    }
}
