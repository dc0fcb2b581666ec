// Loads the page again when the site has changed. Only a preview that watches sends this.
new EventSource('/.zoo/changes').addEventListener('changed', () => location.reload());
