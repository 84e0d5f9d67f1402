//! The picture of a profile. Its address is the word of a stranger, so only hosts of the public
//! Internet are asked; and nobody is kept out for want of a picture, so whatever fails is no picture.

use reqwest::Method;
use url::Url;

use crate::services::BoxError;
use crate::services::blobs::{Spool, Spooled};
use crate::services::oauth2::OAuth2;

/// Bytes of a picture that need no disk while it waits for its record.
const IN_MEMORY: usize = 256 << 10;

/// A picture that was fetched.
#[derive(Debug)]
pub struct Picture {
    /// The last part of its address.
    pub name: String,
    /// Its bytes.
    pub content: Spooled,
}

impl OAuth2 {
    /// The picture under `url`, of `most` bytes at most; why there is none is logged.
    pub async fn picture(&self, url: &str, most: u64, spool: &Spool) -> Option<Picture> {
        let fetched =
            tokio::time::timeout(self.limits.picture, self.fetch_picture(url, most, spool));
        let error = match fetched.await {
            Ok(Ok(picture)) => return Some(picture),
            Ok(Err(error)) => error,
            Err(elapsed) => elapsed.into(),
        };
        tracing::warn!(error, "the picture of a profile was left out");
        None
    }

    async fn fetch_picture(
        &self,
        url: &str,
        most: u64,
        spool: &Spool,
    ) -> Result<Picture, BoxError> {
        let url = Url::parse(url)?;
        let name = name_of(&url);
        let request = self.pictures()?.request(Method::GET, url)?;
        let mut response = request.send().await?;
        let status = response.status();
        if !status.is_success() {
            return Err(format!("{status} was answered").into());
        }
        let mut writer = spool.writer(most, IN_MEMORY);
        let mut size = 0;
        while let Some(chunk) = response.chunk().await? {
            size += chunk.len() as u64;
            if size > most {
                return Err(format!("it is larger than {most} bytes").into());
            }
            writer.write(&chunk).await?;
        }
        Ok(Picture { name, content: writer.finish().await? })
    }
}

fn name_of(url: &Url) -> String {
    let last = url.path_segments().and_then(|mut segments| segments.next_back());
    last.filter(|name| !name.is_empty()).unwrap_or("avatar").to_owned()
}
