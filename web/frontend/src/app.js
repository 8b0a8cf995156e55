// What every page has: htmx, menus, keyboard, tables that open, messages, photos.
import '@tabler/core/js/src/bootstrap.ts';
import '@tabler/core/js/src/dropdown.ts';
import './app/exchange.js';
import './app/attaching.js';
import './app/confirmation.js';
import './app/dialogs.js';
import './app/flashes.js';
import './app/keyboard.js';
import './app/navigation.js';
import './app/photos.js';
import './app/picker.js';
import './app/printing.js';
import './app/rows.js';
import './app/selection.js';
import './app/submission.js';
import './app/theme.js';
