//! A tool gets a reader, and a reader does not give away the world behind it.
use deploy_ops_mcp::{tools::Context, world::World};

fn world<'a>(context: Context<'a>) -> &'a World {
    context.reader.world
}

fn main() {}
