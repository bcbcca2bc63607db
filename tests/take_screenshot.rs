//! Pages are seen in a real Chromium, which reaches nobody but their site, and compared with what the operator accepted.

use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::support::{
    mcp::{Answer, House},
    pages::{Site, site_service},
    site::Authority,
};

/// A house whose service `site` is at `url`, with these pages.
async fn house(url: &str, pages: &str) -> House {
    let house = House::staging().await;
    site_service(&house, url, pages);
    house
}

/// The images of an answer.
fn images(answer: &Answer) -> Vec<Vec<u8>> {
    let raw: Value = serde_json::from_str(&answer.raw).unwrap();
    let images = raw["content"].as_array().unwrap().iter().filter(|block| block["type"] == "image");
    images.map(|image| STANDARD.decode(image["data"].as_str().unwrap()).unwrap()).collect()
}

/// Width, height and the colour of the pixel at a place.
fn pixel(png: &[u8], x: usize, y: usize) -> (u32, u32, [u8; 3]) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    let at = (y * info.width as usize + x) * 3;
    (info.width, info.height, bytes[at..at + 3].try_into().unwrap())
}

fn page<'a>(answer: &'a Answer, name: &str) -> &'a Value {
    let pages = answer.structured["pages"].as_array().unwrap_or_else(|| panic!("{}", answer.text));
    pages.iter().find(|page| page["page"] == name).unwrap_or_else(|| panic!("{}", answer.text))
}

const RED: &str = "<!doctype html><body style='margin:0;background:#c00'><h1 style='margin:0'>Hello</h1>";

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_shown_with_what_went_wrong_on_it() {
    let (other, other_url) = Site::start(&[("/stolen.png", "x")]).await;
    let stun = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    stun.set_nonblocking(true).unwrap();
    let noisy = format!(
        "{RED}<img src='{other_url}/stolen.png'><img src='http://cdn.example.org/a.png'><img src='/missing.png?key=1'>\
         <script>console.error('it \\u001b[31mbroke', {{}}); alert('stop'); open('{other_url}/open');
         try {{ const peer = new RTCPeerConnection({{ iceServers: [{{ urls: 'stun:{}' }}] }}); peer.createDataChannel('x');
                peer.createOffer().then((offer) => peer.setLocalDescription(offer)); }} catch (error) {{ console.error('no peers') }}
         fetch('{other_url}/fetched').catch(() => 0); new WebSocket('{}/socket'); throw new Error('at last')</script>",
        stun.local_addr().unwrap(),
        other_url.replace("http", "ws"),
    );
    let away = format!("{other_url}/landed");
    let tall = RED.replace("margin:0", "margin:0;height:2000px");
    let (site, url) = Site::start(&[("/", RED), ("/noisy", &noisy), ("/away", &away), ("/tall", &tall)]).await;
    let pages = "good = { path = \"/\", viewports = [\"desktop\", \"phone\"] }\nnoisy = { path = \"/noisy\" }\n\
                 bad = { path = \"/500\" }\nround = { path = \"/loop\" }\ngone = { path = \"/gone\" }\naway = { path = \"/away\" }\n\
                 tall = { path = \"/tall\", full_page = true, mask = [{ x = 1000, y = 1900, width = 90, height = 50 }] }\n";
    let house = house(&url, pages).await;
    let client = house.server().await;
    let call =
        async |pages: &[&str]| client.call("take_screenshot", json!({ "service": "site", "pages": pages })).await;
    let answer = call(&["bad", "round", "away", "gone"]).await;
    assert_eq!(answer.get("/outcome"), "FAIL", "{}", answer.text);
    let found = |name: &str| page(&answer, name)["found"].as_str().unwrap().to_owned();
    assert_eq!((found("bad").as_str(), found("gone").as_str()), ("HTTP 500.", "HTTP 404, without a page."));
    assert_eq!(found("round"), "There is no page: too many redirects.");
    assert!(found("away").starts_with("It leads to a host that is closed"), "{}", answer.text);
    assert!(page(&answer, "bad")["picture"].is_u64() && page(&answer, "round")["picture"].is_null(), "{}", answer.text);
    let answer = call(&["good", "noisy", "tall"]).await;
    assert_eq!(answer.get("/outcome"), "INCONCLUSIVE", "{}", answer.text);
    assert_eq!(page(&answer, "good")["found"], "There is no accepted picture to compare it with.");
    let images = images(&answer);
    let shown = |name: &str| {
        let number = page(&answer, name)["picture"].as_u64()?;
        images.get(usize::try_from(number).unwrap() - 1)
    };
    assert_eq!(pixel(shown("good").unwrap(), 600, 700), (1280, 800, [204, 0, 0]));
    assert!(images.iter().any(|image| pixel(image, 380, 790) == (390, 844, [204, 0, 0])), "{}", answer.text);
    assert_eq!(pixel(shown("tall").unwrap(), 999, 1900), (1280, 2000, [204, 0, 0]));
    assert_eq!(pixel(shown("tall").unwrap(), 1000, 1900).2, [128, 128, 128]);
    // What went wrong on the noisy one.
    let noisy = page(&answer, "noisy");
    let told = noisy["untrusted_text"].as_str().unwrap();
    for wanted in [
        "it broke",
        "at last",
        "no peers",
        "HTTP 404: 127.0.0.1/missing.png\n",
        "closed: cdn.example.org (1)",
        &format!("closed: {} (2)", &other_url[7..]),
    ] {
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
    assert!(!told.contains('\u{1b}') && !told.contains("key=1"), "{told}");
    assert_eq!((noisy["console_errors"].as_u64(), noisy["failed_requests"].as_u64()), (Some(3), Some(1)), "{told}");
    // Nobody else was reached, by any way.
    assert_eq!(other.asked(), Vec::<String>::new());
    assert!(stun.recv(&mut [0; 100]).is_err(), "a packet left past the resolver");
    assert!(site.asked().contains(&"/noisy".to_owned()));
    // Nothing is left of the browser.
    let left = fs::read_dir(house.path("data/scratch")).unwrap().count();
    assert_eq!(left, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_named_wrong_or_is_not_there_in_time_is_told() {
    let (_site, url) = Site::start(&[("/", RED)]).await;
    let pages = "good = { path = \"/\" }\nslow = { path = \"/never\" }\nmasked = { path = \"/\", mask = [\"p[\"] }\n";
    let house = house(&url, pages).await;
    house.configure(|text| format!("{text}[browser]\ntimeout_s = 2\n"));
    let client = house.server().await;
    let call = async |arguments: Value| client.call("take_screenshot", arguments).await;
    assert_eq!(call(json!({ "service": "sites" })).await.code(), "UNKNOWN_NAME");
    let refused = call(json!({ "service": "site", "pages": ["goot"] })).await;
    assert!(refused.get("/error/fix").contains("good, masked, slow"), "{}", refused.text);
    let refused = call(json!({ "service": "site", "viewports": ["watch"] })).await;
    assert!(refused.get("/error/fix").contains("desktop, phone, tablet"), "{}", refused.text);
    let answer = call(json!({ "service": "site", "pages": ["slow", "masked", "good"] })).await;
    assert_eq!(answer.get("/outcome"), "INCONCLUSIVE", "{}", answer.text);
    assert_eq!(page(&answer, "slow")["found"], "It was not there within 2 s.");
    assert!(page(&answer, "masked")["found"].as_str().unwrap().starts_with("Mask 1 of the page is no CSS selector"));
    assert_eq!((images(&answer).len(), page(&answer, "good")["picture"].as_u64()), (1, Some(1)), "{}", answer.text);
    // A browser that is none is a refusal with its fix.
    house.configure(|text| text.replace("timeout_s = 2\n", "timeout_s = 2\nchromium = \"/bin/false\"\n"));
    let client = house.server().await;
    let refused = client.call("take_screenshot", json!({ "service": "site", "pages": ["good"] })).await;
    assert!(refused.get("/error/message").contains("it ended at once by exit code 1"), "{}", refused.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_shows_a_secret_is_not_shown() {
    let (site, url) = Site::start(&[]).await;
    let pages = "plain = { path = \"/plain\" }\nsplit = { path = \"/split\" }\nbehind = { path = \"/behind\" }\n\
                 field = { path = \"/field\" }\nmasked = { path = \"/plain\", mask = [\".token\"] }\n\
                 strange = { path = \"/strange\" }\nlogin = { path = \"/login\" }\n";
    let house = house(&url, pages).await;
    let secret = house.sandbox.canary.clone();
    let (first, second) = secret.split_at(secret.len() / 2);
    site.set("/plain", &format!("{RED}<p class=token>{secret}</p>"));
    site.set("/split", &format!("{RED}<p><b>{first}</b><i>{second}</i></p>"));
    site.set("/behind", &format!("{RED}<script>const key = '{secret}'</script>"));
    site.set("/field", &format!("{RED}<input value='{secret}'>"));
    site.set("/strange", &format!("{RED}<p>AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENGbPxRfiCYzQ8vT2hKdLqW</p>"));
    site.set(
        "/login",
        &format!("{RED}<form>Password: <input type=password value=hunter2><input type=hidden value=9f8e7d></form>"),
    );
    let client = house.server().await;
    let call =
        async |pages: &[&str]| client.call("take_screenshot", json!({ "service": "site", "pages": pages })).await;
    let first = call(&["plain", "split", "behind", "field"]).await;
    let answer = call(&["strange", "masked", "login"]).await;
    for (answer, name) in
        ["plain", "split", "behind", "field"].map(|name| (&first, name)).into_iter().chain([(&answer, "strange")])
    {
        let found = page(answer, name);
        assert!(
            found["picture"].is_null() && found["found"].as_str().unwrap().contains("is withheld"),
            "{name}: {}",
            answer.text
        );
    }
    assert_eq!((images(&first).len(), images(&answer).len()), (0, 1), "{}", answer.text);
    assert!(page(&answer, "login")["picture"].is_u64(), "{}", answer.text);
    // A mask hides from eyes; what stands in the page is still ours.
    assert!(page(&answer, "masked")["picture"].is_null(), "{}", answer.text);
    assert!(!first.raw.contains(&secret) && !answer.raw.contains(&secret) && !client.log().contains(&secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_compared_with_what_a_human_accepted() {
    let body = |colour: &str, clock: &str| {
        format!(
            "<!doctype html><body style='margin:0;background:#fff'><style>@keyframes k {{ from {{ left: 0 }} to {{ left: 500px }} }}\
             .a {{ position: relative; width: 50px; height: 50px; background: #080; animation: k 1s infinite }}</style>\
             <p class=clock style='height:40px'>{clock}</p><div style='width:200px;height:100px;background:{colour}'></div><div class=a></div>"
        )
    };
    let (site, url) = Site::start(&[("/", &body("#00f", "12:00"))]).await;
    let pages = "home = { path = \"/\", mask = [\".clock\"] }\ngone = { path = \"/500\" }\n";
    let house = house(&url, pages).await;
    let client = house.server().await;
    let look = async || client.call("take_screenshot", json!({ "service": "site", "pages": ["home"] })).await;
    // Nothing is accepted without the word, and never what is broken.
    let accept = ["baseline", "accept", "site", "--page", "home"];
    let (code, said) = house.talk(&accept, &[("type site: ", "yes")]);
    assert!(code == 1 && said.contains("nothing was accepted"), "{said}");
    let (code, said) = house.talk(&["baseline", "accept", "site"], &[]);
    assert!(code == 1 && said.contains("gone on desktop cannot be accepted: HTTP 500"), "{said}");
    assert_eq!(look().await.get("/outcome"), "INCONCLUSIVE");
    let (code, said) = house.talk(&accept, &[("type site: ", "site")]);
    assert!(code == 0 && said.contains("Accepted."), "{said}");
    // The clock goes on, the animation too; neither is a change.
    site.set("/", &body("#00f", "12:01"));
    let same = look().await;
    assert!(same.status().starts_with("PASS: home of site on desktop: As accepted: 0 ‰"), "{}", same.text);
    assert_eq!(pixel(&images(&same)[0], 600, 40), (1280, 800, [128, 128, 128]));
    // 200 x 100 of 1280 x 800 pixels are 19.5 thousandths.
    site.set("/", &body("#0f0", "12:02"));
    let changed = look().await;
    assert!(changed.status().starts_with("FAIL: home of site on desktop: Changed: 20 ‰ differ."), "{}", changed.text);
    let found = page(&changed, "home");
    assert_eq!((found["picture"].as_u64(), found["difference"].as_u64()), (Some(1), Some(2)), "{}", changed.text);
    let [now, difference] = images(&changed).try_into().unwrap();
    let inside = (100, 120);
    assert_eq!(pixel(&now, inside.0, inside.1).2, [0, 255, 0]);
    assert_eq!(pixel(&difference, inside.0, inside.1).2, [220, 0, 40]);
    assert_eq!(pixel(&difference, 900, 700).2, [255, 255, 255]);
    // What the operator sees of it, and what the ledger knows.
    let listed = std::process::Command::new(env!("CARGO_BIN_EXE_deploy-ops"))
        .args(["baseline", "show", "site", "home", "--config"])
        .arg(&house.sandbox.config)
        .output()
        .unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("✓ site in production: home on desktop, 1280x800, accepted"), "{listed}");
    // A picture that somebody changed afterwards proves nothing.
    let file = house.path("data/baselines/site/production/home/desktop.png");
    let mut bytes = fs::read(&file).unwrap();
    bytes.push(0);
    fs::write(&file, bytes).unwrap();
    let damaged = look().await;
    assert_eq!(damaged.get("/outcome"), "INCONCLUSIVE", "{}", damaged.text);
    assert!(page(&damaged, "home")["found"].as_str().unwrap().contains("not the one that was accepted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_authorities_of_its_own_is_shown_when_we_trust_it_ourselves() {
    let site = || axum::Router::new().route("/", axum::routing::get(|| async { axum::response::Html(RED) }));
    let (ours, strange) = (Authority::new("Our authority"), Authority::new("Nobody's authority"));
    let places = [
        ("good", ours.serve(site(), "localhost", (-10, 100)).await, None),
        ("strange", strange.serve(site(), "localhost", (-10, 100)).await, Some("cert authority invalid")),
        ("expired", ours.serve(site(), "localhost", (-10, -1)).await, Some("There is no page: cert ")),
        ("other", ours.serve(site(), "shop.example.org", (-10, 100)).await, Some("There is no page: cert ")),
    ];
    let house = House::staging().await;
    let ca = house.path("ca.pem");
    ours.write(&ca);
    let repository = house.path("repository").display().to_string();
    let service = |(name, port, _): &(&str, u16, Option<&str>)| {
        format!(
            "[services.{name}]\nrepository = \"{repository}\"\n[services.{name}.deploy]\nkind = \"release\"\nartifact = \"shop\"\n\
             [services.{name}.targets.production]\nhost = \"here\"\nroot = \"{name}\"\nurl = \"https://localhost:{port}/\"\n\
             ca = \"{}\"\n",
            ca.display()
        )
    };
    let services: String = places.iter().map(service).collect();
    house.configure(|text| format!("{text}\n{services}"));
    let client = house.server().await;
    for (name, _, refused) in places {
        let answer = client.call("take_screenshot", json!({ "service": name })).await;
        let found = &page(&answer, "url")["found"];
        match refused {
            None => {
                assert_eq!(*found, "There is no accepted picture to compare it with.", "{}", answer.text);
                assert_eq!(pixel(&images(&answer)[0], 600, 700), (1280, 800, [204, 0, 0]));
            }
            Some(why) => {
                assert!(images(&answer).is_empty() && answer.get("/outcome") == "FAIL", "{name}: {}", answer.text);
                assert!(answer.text.contains(why), "{name}: {}", answer.text);
            }
        }
    }
}
