import { mount } from 'svelte';
import App from './App.svelte';
import { clock } from './lib/clock.svelte';
import { language } from './lib/language.svelte';
import { live } from './lib/live.svelte';
import { router } from './lib/router.svelte';
import { theme } from './lib/theme.svelte';
import './styles.css';

theme.start();
language.start();
router.start();
clock.start();
live.start();

mount(App, { target: document.getElementById('app')! });
