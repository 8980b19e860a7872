"""HTTP: public pages, readers' pages, feeds, the console. Server-rendered; every page works without JavaScript."""
