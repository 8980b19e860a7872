"""Topics → digest: which stories a reader gets, and the mail made of them. The only folder that knows MJML."""
