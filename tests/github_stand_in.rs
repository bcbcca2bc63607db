//! The stand-in for GitHub is held to GitHub's own description of its API.
