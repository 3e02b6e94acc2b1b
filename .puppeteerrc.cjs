// puppeteer's install step must not download a browser: the test command finds one, or fetches it with a message.
module.exports = { skipDownload: true };
