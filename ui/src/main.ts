import { mount } from 'svelte';
import App from './App.svelte';
import { clock } from './lib/clock.svelte';
import { language } from './lib/language.svelte';
import { router } from './lib/router.svelte';
import { session } from './lib/session.svelte';
import { theme } from './lib/theme.svelte';
import './styles.css';

theme.start();
language.start();
router.start();
clock.start();
session.start();

mount(App, { target: document.getElementById('app')! });
